"""Prompts to sounding clips: what :func:`phonofilm.load` returns.

Every direction is the same sampler with another step grid: both modalities from noise, or one of them given
and held at noise fraction 0 (picture to sound, sound to picture). A known part of a modality (continuation,
inpainting) is left to the library: no setting reaches :mod:`phonofilm.diffusion.masks`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from phonofilm import models
from phonofilm.diffusion import masks, noise
from phonofilm.diffusion.contract import Conditioning
from phonofilm.diffusion.grid import StepGrid
from phonofilm.diffusion.guidance import Guided
from phonofilm.diffusion.samplers import sampler
from phonofilm.errors import SettingError, WeightsError, unknown_name
from phonofilm.media.clip import Clip
from phonofilm.models import Model
from phonofilm.pair import AV
from phonofilm.pipelines.device import CPU, pick
from phonofilm.pipelines.given import PICTURE, SOUND, encode_given, find_again, take_given
from phonofilm.pipelines.limits import PromptWarning as PromptWarning
from phonofilm.pipelines.limits import check_text, working_shape
from phonofilm.pipelines.request import NEITHER, Request, Settings
from phonofilm.pipelines.sidecar import Environment, Sidecar
from phonofilm.pipelines.take import Advance, GeneratedClip, Take, Timing
from phonofilm.pipelines.typed import typed
from phonofilm.shapes import ClipShape, number

Positive = Annotated[int, Field(ge=1)]


@dataclass(frozen=True)
class Pipeline:
    """A model at work.

    Attributes:
        model: network, codec, text encoders, and how they were trained.
        name: what sidecars call the model: a registered name or a folder.
        fingerprint: of its weights; sidecars hold it.
        device: where it runs.
        batch: clips sampled together. With 1 a clip depends on nothing but its own request, bit for bit; larger
            batches are quicker on GPUs and change clips by no more than rounding. The sidecar holds the batch,
            see :func:`phonofilm.pipelines.films.make_again`.
    """

    model: Model
    name: str
    fingerprint: str
    device: torch.device = CPU
    batch: int = 1

    def __repr__(self) -> str:
        shape = self.model.shape
        size = f"{float(shape.seconds):g} s of {shape.width}x{shape.height} at {float(shape.fps):g} fps"
        return f"Pipeline({self.name!r}: {size}, {shape.sample_rate} Hz, on {self.device})"

    def __call__(self, prompt: str, *, seed: int = 0, **settings: Any) -> GeneratedClip:
        """A clip from a sentence.

        Args:
            prompt: what happens in it.
            seed: the same seed, prompt and settings give the same clip.
            settings: any of :meth:`settings`.

        Raises:
            SettingError: for an empty or over-long prompt or a setting that the model cannot take.
        """
        return self._one(Request(prompt, seed, self.settings(**settings)))

    def dub(self, film: Clip | str | Path, prompt: str, *, seed: int = 0, **settings: Any) -> GeneratedClip:
        """Sound for a picture: the film's frames as the model sees them, with new sound.

        Raises:
            MediaError: if the film has no picture or is shorter than the clip.
            SettingError: see :meth:`__call__`.
        """
        chosen = self.settings(**settings)
        return self._one(Request(prompt, seed, chosen, take_given(film, PICTURE, self.shape(chosen))))

    def illustrate(self, film: Clip | str | Path, prompt: str, *, seed: int = 0, **settings: Any) -> GeneratedClip:
        """A picture for a sound: new frames with the film's own sound.

        Raises:
            MediaError: if the film has no sound or is shorter than the clip.
            SettingError: see :meth:`__call__`.
        """
        chosen = self.settings(**settings)
        return self._one(Request(prompt, seed, chosen, take_given(film, SOUND, self.shape(chosen))))

    def stream(self, requests: Sequence[Request], *, advance: Advance | None = None) -> Iterator[Take]:
        """The clips of all requests, in their order; memory holds one batch.

        All requests are checked before the first clip is made. A request asks for the same clip whatever
        stands beside it: each has its own random generator.

        Args:
            requests: what to make.
            advance: told of the progress.

        Raises:
            SettingError: see :meth:`__call__`.
        """
        for request in requests:
            self.check(request)
        for batch in batches(requests, self.batch):
            yield from self._make(batch, advance)

    @typed
    def settings(
        self,
        *,
        steps: int | None = None,
        gamma: float | None = None,
        guidance: AV[float | None] | float | None = None,
        sampler: str | None = None,
        seconds: float | str | Fraction | None = None,
        fps: float | str | Fraction | None = None,
        negative: str = "",
        guidance_interval: tuple[float, float] = (0.0, 1.0),
        **unknown: Any,
    ) -> Settings:
        """The model's default sampling settings with the given ones in their place; see :class:`Settings`.

        Raises:
            SettingError: for a value of another kind or out of range, or a setting that does not exist; the nearest
                name is offered.
        """
        for name in unknown:
            raise unknown_name("setting", name, (field.name for field in fields(Settings)))
        defaults = self.model.defaults
        scales = guidance if isinstance(guidance, AV) else AV.both(guidance)
        return Settings(
            steps=_or(steps, defaults.steps),
            gamma=_or(gamma, defaults.gamma),
            guidance=AV(_or(scales.video, defaults.guidance.video), _or(scales.audio, defaults.guidance.audio)),
            sampler=_or(sampler, defaults.sampler),
            seconds=number(_or(seconds, self.model.shape.seconds), "seconds"),
            fps=number(_or(fps, self.model.shape.fps), "fps"),
            negative=negative,
            guidance_interval=guidance_interval,
        )

    def check(self, request: Request) -> None:
        """Refuse what this model cannot make, before any work; warn of words that it never saw.

        Raises:
            SettingError: for an unknown sampler, a length or frame rate beyond the model, an over-long prompt.
        """
        sampler(request.settings.sampler)
        self.model.codec.latent_shape(self.shape(request.settings))
        check_text(self.model.text, request.prompt, request.settings.negative, self.name)

    def shape(self, settings: Settings) -> ClipShape:
        """The shape in which a clip is made, see :func:`phonofilm.pipelines.limits.working_shape`."""
        return working_shape(self.model.shape, settings, self.name)

    def remake(self, sidecar: Sidecar, beside: Path) -> Request:
        """The request that a sidecar records.

        Args:
            sidecar: what to make again.
            beside: folder of the sidecar, where a given film is looked for as well.

        Raises:
            WeightsError: if it was made with other weights.
            MediaError: if the film that was given is missing or has changed.
        """
        if sidecar.weights != self.fingerprint:
            raise WeightsError(
                f"the clip was made by {sidecar.model!r} with weights {sidecar.weights[:12]}, {self.name!r} here has "
                f"{self.fingerprint[:12]}: name the right folder with --model, or install Phonofilm {sidecar.phonofilm}"
            )
        if sidecar.held == NEITHER:
            return Request(sidecar.prompt, sidecar.seed, sidecar.settings)
        if sidecar.source is None:
            raise SettingError("the clip was made for a picture or sound that was in memory: make it from Python again")
        given = find_again(sidecar.source, sidecar.held, self.shape(sidecar.settings), beside)
        return Request(sidecar.prompt, sidecar.seed, sidecar.settings, given)

    def _one(self, request: Request) -> GeneratedClip:
        (take,) = self.stream([request])
        return take.clip

    @torch.inference_mode()
    def _make(self, batch: Sequence[Request], advance: Advance | None) -> list[Take]:
        """A batch of requests that share settings and which side is given."""
        shape = self.shape(batch[0].settings)
        clock = [time.perf_counter()]
        cond, null = self._conditioning(batch)
        known = encode_given(self.model.codec, [one.given for one in batch if one.given is not None], self.device)
        clock.append(time.perf_counter())
        latents = self._sample(batch, shape, cond, null, known, advance)
        clock.append(time.perf_counter())
        clips = self.model.codec.decode(latents, shape)
        clock.append(time.perf_counter())
        timing = Timing(*((after - before) / len(batch) for before, after in pairwise(clock)))
        return [
            Take(_finish(clip, request, self._sidecar(request, len(batch), place)), timing)
            for place, (clip, request) in enumerate(zip(clips, batch, strict=True))
        ]

    def _conditioning(self, batch: Sequence[Request]) -> tuple[AV[Tensor], AV[Tensor]]:
        """Conditioning of the prompts, and what guidance steers away from."""
        text = self.model.text
        return text.encode([one.prompt for one in batch]), text.encode([one.settings.negative for one in batch])

    def _sample(
        self,
        batch: Sequence[Request],
        shape: ClipShape,
        cond: Conditioning,
        null: Conditioning,
        known: AV[Tensor | None],
        advance: Advance | None,
    ) -> AV[Tensor]:
        """Latents of the clips; each modality that is known stays as it is."""
        settings, held = batch[0].settings, batch[0].held
        sources = noise.generators([one.seed for one in batch])
        grid = self._grid(settings).hold(held)
        drawn = noise.draw(self.model.codec.latent_shape(shape), sources).map(lambda x: x.to(self.device))
        state = masks.start(drawn, grid[0], AV(*(x if x is None else masks.Known.whole(x) for x in known)))
        return sampler(settings.sampler)(
            Guided(self.model.denoiser(), null, settings.guidance, settings.guidance_interval),
            state,
            grid,
            cond=cond,
            generators=sources,
            progress=None if advance is None else lambda done, total: advance(len(batch)),
        )

    def _grid(self, settings: Settings) -> StepGrid:
        return StepGrid.adjusted(self.model.schedule, settings.steps, settings.gamma, self.model.defaults.shift)

    def _sidecar(self, request: Request, batch: int, place: int) -> Sidecar:
        return Sidecar(
            self.name,
            self.fingerprint,
            request.prompt,
            request.seed,
            request.settings,
            Environment(torch.__version__, str(self.device), torch.get_num_threads(), batch, place),
            held=request.held,
            source=None if request.given is None else request.given.source,
        )


@typed
def load(
    name: str | Path = "svg-tiny",
    *,
    device: str = "auto",
    batch: Positive | None = None,
    threads: Positive | None = None,
) -> Pipeline:
    """A pipeline for a model that ships, or one in a folder.

    Args:
        name: ``"svg-tiny"``, or a folder that training wrote.
        device: ``"cpu"``, ``"cuda"``, or ``"auto"`` for a GPU where there is one.
        batch: clips sampled together; default 1 on a CPU, 8 on a GPU.
        threads: of the CPU, for this whole process; default: torch's choice.

    Raises:
        SettingError: for an unknown name (the nearest one is offered) or device, or a number below 1.
        WeightsError: if the weights are missing, damaged or made for something else.
    """
    place = pick(device)
    if threads is not None:
        torch.set_num_threads(threads)
    model = models.load(name).to(place)
    return Pipeline(model, str(name), models.fingerprint(model), place, batch or (1 if place.type == "cpu" else 8))


def batches(requests: Sequence[Request], size: int) -> Iterator[list[Request]]:
    """Neighbours that can be sampled together, at most ``size`` at a time."""
    for _, alike in groupby(requests, key=lambda one: (one.settings, one.held)):
        group = list(alike)
        yield from (group[i : i + size] for i in range(0, len(group), size))


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def _finish(clip: Clip, request: Request, sidecar: Sidecar) -> GeneratedClip:
    """The decoded clip at the frame rate asked for, with a given side as it was and not as the codec shows it."""
    given = request.given
    frames = given.clip.frames if given is not None and given.held.video else clip.frames
    audio = given.clip.audio if given is not None and given.held.audio else clip.audio
    keep = int(clip.fps / request.settings.fps)
    thinned = None if frames is None else frames[::keep]
    return GeneratedClip(thinned, audio, request.settings.fps, clip.sample_rate, sidecar)
