"""Where the clips of a row come from: a model, the truth, the truth through a codec, or wrong pairs of any of these."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from phonofilm.benchmarks.task import Task
from phonofilm.codecs.base import Codec
from phonofilm.data.latents import fingerprint
from phonofilm.media.clip import Clip
from phonofilm.media.read import read
from phonofilm.metrics import derangements
from phonofilm.models import Model, clips_of
from phonofilm.pair import AV
from phonofilm.pipelines.films import LOSSLESS, Plan, film_name, make_films, unfinished
from phonofilm.pipelines.joint import Pipeline
from phonofilm.pipelines.request import Request, Settings

Made = Callable[[int], None]
"""Told how many clips were just made or found made."""


class Source(Protocol):
    """One clip for each prompt of a task."""

    @property
    def label(self) -> str:
        """Its row's name."""
        ...

    @property
    def kind(self) -> str:
        """Which of this module's classes it is, for whoever reads the results."""
        ...

    def describe(self) -> dict[str, Any]:
        """All that decides its clips beside the task, as plain values."""
        ...

    def facts(self) -> dict[str, Any]:
        """What readers of its row should know beside, as plain values."""
        ...

    def make(self, made: Made) -> None:
        """Make what :meth:`clip` will ask for; called again after an interruption it goes on where it stopped."""
        ...

    def clip(self, index: int) -> Clip:
        """The clip for prompt ``index``."""
        ...


@dataclass(frozen=True)
class Truth:
    """The scenes as they are: the ceiling."""

    task: Task
    label: str = "true clips"
    kind: str = "true"

    def describe(self) -> dict[str, Any]:
        """See :class:`Source`."""
        return {"kind": self.kind}

    def facts(self) -> dict[str, Any]:
        """See :class:`Source`."""
        return {}

    def make(self, made: Made) -> None:
        """Nothing to make: true clips are drawn when asked for."""

    def clip(self, index: int) -> Clip:
        """See :class:`Source`."""
        return self.task.true_clip(index)


@dataclass(frozen=True)
class Coded:
    """The true clips encoded and decoded: what the codec alone costs, and the ceiling of every model that uses it."""

    task: Task
    codec: Codec
    label: str = "true clips through the codec"
    kind: str = "codec"

    def describe(self) -> dict[str, Any]:
        """See :class:`Source`."""
        return {"kind": self.kind, "codec": codec_fingerprint(self.codec)}

    def facts(self) -> dict[str, Any]:
        """See :class:`Source`."""
        return {}

    def make(self, made: Made) -> None:
        """Nothing to make: clips are coded when asked for."""

    def clip(self, index: int) -> Clip:
        """See :class:`Source`."""
        (decoded,) = self.codec.decode(self.codec.encode([self.task.true_clip(index)]), self.task.shape)
        return decoded


@dataclass(frozen=True)
class Generated:
    """Clips that a model makes of the task's captions; clip ``i`` has seed ``i`` whatever the model and settings.

    Attributes:
        task: the prompts.
        pipe: the model at work.
        settings: how it is sampled.
        label: its row's name.
        folder: films go to a folder of their own below it, bit for bit (``.mkv``), with their sidecars.
    """

    task: Task
    pipe: Pipeline
    settings: Settings
    label: str
    folder: Path
    kind: str = "model"

    def describe(self) -> dict[str, Any]:
        """See :class:`Source`."""
        return {"kind": self.kind, "weights": self.pipe.fingerprint, "settings": self.settings.to_json()}

    def facts(self) -> dict[str, Any]:
        """See :class:`Source`."""
        return {"joint_clips": joint_clips(self.pipe.model)}

    def make(self, made: Made) -> None:
        """Generate the films that are not there yet, one batch at a time."""
        left = unfinished(self.plans, model=self.pipe.fingerprint, resume=True)
        made(len(self.plans) - len(left))
        for _ in make_films(self.pipe, left):
            made(1)

    def clip(self, index: int) -> Clip:
        """See :class:`Source`."""
        return read(self.plans[index].film)

    @cached_property
    def plans(self) -> list[Plan]:
        """The films, in the order of the prompts."""
        requests = [Request(scene.caption, seed, self.settings) for seed, scene in enumerate(self.task.scenes)]
        slug = re.sub(r"[^a-z0-9.]+", "-", self.label.lower()).strip("-")
        folder = self.folder / f"{slug}-{digest(self.describe())}"
        return [
            Plan(request, folder / film_name(index, request, LOSSLESS), lossless=True)
            for index, request in enumerate(requests)
        ]


@dataclass(frozen=True)
class Shuffled:
    """Each picture of another source with the sound of a different clip: chance.

    Every sound is used once and none with its own picture.
    """

    task: Task
    of: Source
    seed: int = 0
    kind: str = "shuffled"

    @property
    def label(self) -> str:
        """Its row's name."""
        return f"shuffled pairs: {self.of.label}"

    def describe(self) -> dict[str, Any]:
        """See :class:`Source`."""
        return {"kind": self.kind, "of": self.of.describe(), "seed": self.seed}

    def facts(self) -> dict[str, Any]:
        """See :class:`Source`."""
        return {}

    def make(self, made: Made) -> None:
        """The clips are those of the other source."""
        self.of.make(made)

    def clip(self, index: int) -> Clip:
        """See :class:`Source`."""
        return replace(self.of.clip(index), audio=self.of.clip(int(self.partners[index])).audio)

    @cached_property
    def partners(self) -> np.ndarray:
        """Whose sound each picture gets, ``(n,)``."""
        return derangements(self.task.n, self.seed)[0]


def codec_fingerprint(codec: Codec) -> dict[str, str]:
    """SHA-256 of both parts' weights."""
    sides = AV(codec.video, codec.audio).map(fingerprint)
    return {"video": sides.video, "audio": sides.audio}


def joint_clips(model: Model) -> int | None:
    """Clips that a model saw in joint training; ``None`` if that is not on record."""
    return clips_of(model.training, "joint")


def digest(description: Any) -> str:
    """A short name for a description: the same for the same values, and for no others."""
    return hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()[:12]
