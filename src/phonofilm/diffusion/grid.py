"""Step grids: which noise fractions a sampler visits, for each modality.

The spacings of whole timesteps at the end (:func:`linspace`, :func:`leading`, :func:`trailing`, and
:func:`at_timesteps`, which turns them into fractions) are those of published DDIM samplers. No setting leads to them:
they are there to step exactly as another implementation does, which is how ours is proved equal to diffusers'.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch

from phonofilm.diffusion.schedule import NoiseSchedule
from phonofilm.errors import SettingError
from phonofilm.pair import AV

Fractions = tuple[float, ...]

_NO_SHIFT = AV(1.0, 1.0)


@dataclass(frozen=True)
class StepGrid:
    """The noise fractions of both modalities, row by row, from the start to the end of sampling.

    Rows never rise. Rows that repeat a value leave that modality as it is; so a modality that is given (held)
    is all zeros, and one that is ignored is all ones. A side that is ``None`` does not exist.

    Attributes:
        fractions: ``steps + 1`` noise fractions in [0, 1] per modality.

    Raises:
        SettingError: for sides of different lengths, no step at all, or fractions that rise or leave [0, 1].
    """

    fractions: AV[Fractions]

    def __post_init__(self) -> None:
        sides = self.fractions.present()
        if not sides or len({len(side) for side in sides}) > 1 or len(sides[0]) < 2:
            raise SettingError(f"a step grid has the same number of rows on each side, at least 2: {self.fractions}")
        if not all(1 >= a >= b >= 0 for side in sides for a, b in pairwise(side)):
            raise SettingError(f"noise fractions of a step grid fall from at most 1 to at least 0: {self.fractions}")

    @classmethod
    def adjusted(
        cls,
        schedule: AV[NoiseSchedule],
        steps: int,
        gamma: float = 1.0,
        shift: AV[float] = _NO_SHIFT,
    ) -> StepGrid:
        """The paper's timestep adjustment (arXiv 2409.17550): gamma > 1 lets the video lead.

        Over a shared clock ``t = T .. 0`` the video stands at ``m(t) = round(T_v (t/T) ** sqrt(gamma))`` and the
        audio at ``n(t) = round(T_a (t/T) ** (1/sqrt(gamma)))``, timesteps counted from 1 and 0 being clean.
        Schedules without timesteps are not rounded. ``gamma = 1`` is no adjustment.

        Args:
            schedule: each modality's own; ``None`` where a modality does not exist.
            steps: T, the number of sampling steps.
            gamma: strength of the adjustment, above 0.
            shift: applied after it, see :func:`shifted`.

        Raises:
            SettingError: for fewer than one step or a gamma or shift that is not positive.
        """
        _require_steps(steps)
        if not 0 < gamma < math.inf:
            raise SettingError(f"gamma is {gamma}: choose a number above 0 (1 is no adjustment, the paper has 1.5)")
        clock = [t / steps for t in range(steps, -1, -1)]

        def side(schedule: NoiseSchedule, exponent: float, shift: float) -> Fractions:
            return shifted(tuple(schedule.at(t**exponent) for t in clock), shift)

        return cls(schedule.map(side, AV(gamma**0.5, gamma**-0.5), shift))

    def hold(self, which: AV[bool]) -> StepGrid:
        """The grid with the chosen modalities given: clean (``s = 0``) at every row."""
        return self._constant(which, 0.0)

    def ignore(self, which: AV[bool]) -> StepGrid:
        """The grid with the chosen modalities ignored: pure noise (``s = 1``) at every row."""
        return self._constant(which, 1.0)

    def _constant(self, which: AV[bool], value: float) -> StepGrid:
        return StepGrid(self.fractions.map(lambda side, chosen: (value,) * len(side) if chosen else side, which))

    def __len__(self) -> int:
        """Number of steps, one less than rows."""
        return len(self.fractions.present()[0]) - 1

    def __getitem__(self, row: int) -> AV[float]:
        return self.fractions.map(lambda side: side[row])

    def steps(self) -> Iterator[tuple[AV[float], AV[float]]]:
        """The noise fractions before and after each step."""
        return ((self[row], self[row + 1]) for row in range(len(self)))


def uniform(steps: int) -> Fractions:
    """Evenly spaced noise fractions from 1 to 0."""
    _require_steps(steps)
    return tuple(row / steps for row in range(steps, -1, -1))


def shifted(fractions: Sequence[float], shift: float) -> Fractions:
    """``s' = shift * s / (1 + (shift - 1) * s)``: more steps at high noise for ``shift > 1`` (arXiv 2403.03206, 5.3.2).

    Raises:
        SettingError: for a shift that is not positive.
    """
    if not 0 < shift < math.inf:
        raise SettingError(f"shift is {shift}: choose a number above 0 (1 shifts nothing)")
    # In this form both ends stay exactly where they are.
    return tuple(shift * s / (shift * s + (1 - s)) for s in fractions)


def linspace(schedule: NoiseSchedule, steps: int) -> tuple[int, ...]:
    """Timesteps evenly from the last to 0, both visited ("linspace" in arXiv 2305.08891, table 2)."""
    _require_steps(steps, schedule)
    gap = (schedule.steps - 1) / max(steps - 1, 1)
    return tuple(round(row * gap) for row in range(steps - 1, -1, -1))


def leading(schedule: NoiseSchedule, steps: int, offset: int = 0) -> tuple[int, ...]:
    """Timesteps by a whole-number gap up from ``offset``; the last is not visited ("leading" there).

    Raises:
        SettingError: if ``offset`` pushes a timestep beyond the last.
    """
    _require_steps(steps, schedule)
    gap = schedule.steps // steps
    if not 0 <= offset < schedule.steps - gap * (steps - 1):
        raise SettingError(f"an offset of {offset} leaves the {schedule.steps} timesteps: choose a smaller one")
    return tuple(row * gap + offset for row in range(steps - 1, -1, -1))


def trailing(schedule: NoiseSchedule, steps: int) -> tuple[int, ...]:
    """Timesteps by an even gap down from the last; 0 is not visited ("trailing" there)."""
    _require_steps(steps, schedule)
    return tuple(round(row * schedule.steps / steps) - 1 for row in range(steps, 0, -1))


def at_timesteps(schedule: NoiseSchedule, timesteps: Sequence[int], end: float = 0.0) -> Fractions:
    """The noise fractions of falling timesteps, then ``end``: 0, or timestep 0's for "set_alpha_to_one" off."""
    s = schedule.fraction(torch.tensor(timesteps, dtype=torch.float64))
    return (*s.tolist(), end)


def _require_steps(steps: int, schedule: NoiseSchedule | None = None) -> None:
    if steps < 1:
        raise SettingError(f"{steps} sampling steps: choose at least 1")
    if schedule is not None and steps > schedule.steps:
        raise SettingError(f"{steps} sampling steps: choose at most {schedule.steps}, as many as the network knows")
