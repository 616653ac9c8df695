"""Do picture and sound show the material that the sentence names?

Two small classifiers, trained on true Clapperboard clips, each name the likeliest of eight materials. A clip counts
where its sentence names a material (:func:`phonofilm.metrics._ruler.materials.named`); its sound counts unless the
sentence says that there is none. A picture or sound matches if its material is one that the sentence names for it;
sound that stays below -60 dB of full scale matches nothing. Scores are shares of the clips that count.

Chance: each clip with the sentence of another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from phonofilm.estimate import ratio
from phonofilm.metrics._maths.resample import derangements
from phonofilm.metrics._ruler.ear import RESAMPLER, log_mel, mono
from phonofilm.metrics._ruler.materials import NAMES, PictureMaterial, SoundMaterial, named, stills
from phonofilm.metrics._ruler.store import ruler, shipped
from phonofilm.metrics._score import OURS, About, Better, Metric, Score
from phonofilm.metrics._subject import Arrays, Subject
from phonofilm.pair import AV

SILENCE = 1e-3
NO_PROMPTS = "no clip has a sentence that names a material: score films with sidecars or a manifest"
SIDES = AV("picture", "sound")
NONE_ASKED = AV(
    "no sentence names a material that is to be seen: score clips that show what they name",
    "every sentence asks for silence: score clips that are to sound",
)


@dataclass(frozen=True)
class Look:
    """What one clip shows and what it should show.

    Attributes:
        shown: the material seen, and heard (``None``: silence).
        asked: the materials that the sentence names.
    """

    shown: AV[str | None]
    asked: AV[frozenset[str]]


@torch.no_grad()
def classify(subject: Subject) -> AV[str | None]:
    """The likeliest materials of picture and sound, each judged alone.

    Raises:
        MediaError: if one of them is missing.
    """
    clip = subject.whole()
    sound = mono(clip.audio, subject.clip.sample_rate)
    heard = None if sound.abs().max() < SILENCE else _name(shipped(SoundMaterial)(log_mel(sound[None])))
    return AV(_name(shipped(PictureMaterial)(stills(clip.video)[None])), heard)


def _name(logits: torch.Tensor) -> str:
    return NAMES[int(logits[0].argmax())]


class _Materials:
    """The reading of :func:`classify`: places in the list of names, -1 for silence."""

    @property
    def id(self) -> str:
        return f"materials@1-{ruler()}"

    def __call__(self, subject: Subject) -> Arrays:
        return {"shown": np.array([-1 if name is None else NAMES.index(name) for name in classify(subject)])}


_MATERIALS = _Materials()


def shown(subject: Subject) -> AV[str | None]:
    """What :func:`classify` says, found out once.

    Raises:
        MediaError: if picture or sound is missing.
    """
    names = [None if place < 0 else NAMES[place] for place in subject.read(_MATERIALS)["shown"].tolist()]
    return AV(*names)


class MaterialMatch(Metric[Look]):
    """See the module."""

    name = "material-match"
    version = 1
    uses_prompt = True
    uncounted = "its sentence names no material"
    source = OURS
    gives = tuple(f"material-{side}" for side in SIDES)

    def __init__(self) -> None:
        self.about = About(extractor=ruler(), resampler=RESAMPLER)

    def measure(self, subject: Subject) -> Look | None:
        """What one clip shows; ``None`` if its sentence names no material.

        Raises:
            MediaError: if picture or sound is missing.
        """
        asked = named(subject.prompt or "")
        return Look(shown(subject), asked) if asked.video or asked.audio else None

    def scores(self, measured: Sequence[Look], reference: Sequence[Look] | None, seed: int) -> list[Score]:
        """``material-picture`` and ``material-sound``."""
        mixed = [
            Look(one.shown, measured[other].asked)
            for partner in derangements(len(measured), seed)
            for one, other in zip(measured, partner, strict=True)
        ]

        def one(side: str, none_asked: str, own: _Column, wrong: _Column) -> Score:
            found = ratio(own.matched, own.counted, seed, empty=none_asked if measured else NO_PROMPTS)
            chance = ratio(wrong.matched, wrong.counted, None, empty=none_asked).value
            n = sum(own.counted)
            return Score.of(self, f"material-{side}", found, Better.HIGHER, n=n, seed=seed, chance=chance)

        return list(SIDES.map(one, NONE_ASKED, _columns(measured), _columns(mixed)))


@dataclass(frozen=True)
class _Column:
    """One side of many clips: 1 where it matches, 1 where it counts."""

    matched: list[int]
    counted: list[int]


def _columns(looks: Sequence[Look]) -> AV[_Column]:
    return AV(
        _column([(look.shown.video, look.asked.video) for look in looks]),
        _column([(look.shown.audio, look.asked.audio) for look in looks]),
    )


def _column(pairs: list[tuple[str | None, frozenset[str]]]) -> _Column:
    return _Column([int(shown in asked) for shown, asked in pairs], [int(bool(asked)) for _, asked in pairs])


metric = MaterialMatch
