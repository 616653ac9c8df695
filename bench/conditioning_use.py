"""What each modality has of its text and of the other modality: where in the noise it matters, and what comes out.

``squared error`` is that of the clean estimate on held-out scenes at one draw of noise (the mean of the latents
scores 1). The ``text`` numbers see one modality alone with the scene's own caption, another scene's, and none; those
``beside`` see the own caption and the other modality's clean latents: of the same scene, of another scene, or noise in
their place (coupled models only). ``material`` is ``material-match`` of what was generated from the captions, one
modality alone, on the model's own grid without timestep adjustment.

    python bench/conditioning_use.py MODEL [--scenes 64] [--guidance 1 2.5 5] [--write FILE.md]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

import _results
import torch
from torch import Tensor

from phonofilm.data.clapperboard import HELD_OUT, render, sample_scene
from phonofilm.diffusion import noise
from phonofilm.diffusion.grid import StepGrid
from phonofilm.diffusion.guidance import Guided
from phonofilm.diffusion.samplers import euler
from phonofilm.metrics import Subject, find, score
from phonofilm.models import Model, load
from phonofilm.pair import AV

LEVELS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
ALONE = {"picture": AV(True, False), "sound": AV(False, True)}


def main() -> None:
    """Print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="svg-tiny, or a folder that training wrote")
    parser.add_argument("--scenes", type=int, default=64)
    parser.add_argument("--guidance", type=float, nargs="*", default=[1.0, 2.5, 5.0])
    parser.add_argument("--first-seed", type=int, default=HELD_OUT + 500_000)
    _results.add_write(parser)
    given = parser.parse_args()
    with torch.inference_mode():
        scenes = Scenes(load(given.model), range(given.first_seed, given.first_seed + given.scenes))
        result: dict[str, Any] = {"scenes": given.scenes}
        for name, side in ALONE.items():
            result[f"{name}, squared error"] = {f"s = {s:g}": dict(scenes.errors(side, s)) for s in LEVELS}
        for name in ALONE:
            result[f"{name}, material"] = {f"guidance {w:g}": scenes.materials(name, w) for w in given.guidance}
    note = "Held-out scenes that no other benchmark scores, one draw of noise; in brackets 95 % bootstrap intervals."
    _results.publish("conditioning", "What each modality has of its text and of the other", note, result, given.write)


class Scenes:
    """Held-out scenes with one draw of noise and their conditioning, as one batch."""

    def __init__(self, model: Model, seeds: Sequence[int]) -> None:
        scenes = [sample_scene(seed, seconds=model.shape.seconds) for seed in seeds]
        self.model, self.captions = model, [scene.caption for scene in scenes]
        self.clean = model.codec.encode([render(scene, model.shape) for scene in scenes])
        self.noise = noise.draw(model.codec.latent_shape(model.shape), noise.generators(range(len(seeds))))
        self.own, self.nothing = model.text.encode(self.captions), model.text.encode([""] * len(seeds))

    def errors(self, side: AV[bool], s: float) -> Iterator[tuple[str, float]]:
        """Name and error of each condition under which ``side`` is estimated at noise fraction ``s``."""
        noisy = self.clean.map(lambda x, n: x + s * (n - x), self.noise)
        for name, cond in (("own text", self.own), ("another's", self.own.map(_next)), ("no text", self.nothing)):
            yield name, self._error(side, _only(cond, side), _only(noisy, side), AV.both(s))
        if self.model.network.trainable("joint").audio is None:  # uncoupled: nothing serves the sound in that stage
            return
        beside = {"beside its own": self.clean, "beside another's": self.clean.map(_next), "beside noise": self.noise}
        for name, other in beside.items():
            held = 1.0 if other is self.noise else 0.0
            yield name, self._error(side, self.own, _pick(side, noisy, other), _pick(side, AV.both(s), AV.both(held)))

    def materials(self, name: str, guidance: float) -> dict[str, Any]:
        """The score of the material in what is generated of one modality; the other one is the scene's own."""
        side = ALONE[name]
        model = self.model
        grid = StepGrid.adjusted(model.schedule, model.defaults.steps, shift=model.defaults.shift)
        one = StepGrid(_only(grid.fractions, side))
        denoise = Guided(model.denoiser(), _only(self.nothing, side), AV.both(guidance))
        made = euler(denoise, _only(self.noise, side), one, cond=_only(self.own, side))
        clips = model.codec.decode(_pick(side, made, self.clean), model.shape)
        subjects = (Subject(text, clip, text) for clip, text in zip(clips, self.captions, strict=True))
        found = score(subjects, [find("material-match")])[f"material-{name}"]
        return {"value": found.value, "interval": found.interval}

    def _error(self, side: AV[bool], cond: AV[Tensor], noisy: AV[Tensor], s: AV[float]) -> float:
        levels = noisy.map(lambda x, level: torch.full((len(x),), level), s)
        estimate = _only(self.model.denoiser()(noisy, levels, cond, None), side)
        (error,) = estimate.map(lambda found, truth: float((found - truth).square().mean()), self.clean).present()
        return error


def _only(pair: AV[Any], side: AV[bool]) -> AV[Any]:
    return AV(*(value if wanted else None for value, wanted in zip(pair, side, strict=True)))


def _pick(side: AV[bool], there: AV[Any], elsewhere: AV[Any]) -> AV[Any]:
    return AV(*(a if wanted else b for a, b, wanted in zip(there, elsewhere, side, strict=True)))


def _next(batch: Tensor) -> Tensor:
    """Each scene with what belongs to the one before."""
    return batch.roll(1, 0)


if __name__ == "__main__":
    main()
