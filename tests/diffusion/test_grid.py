from __future__ import annotations

import pytest

from phonofilm.diffusion.grid import StepGrid, at_timesteps, leading, linspace, shifted, trailing, uniform
from phonofilm.diffusion.schedule import BetaSchedule, RectifiedFlow
from phonofilm.errors import SettingError
from phonofilm.pair import AV

LINEAR = BetaSchedule()
SCALED = BetaSchedule(betas="scaled-linear", start=0.0015, end=0.0195, steps=700)


def numbered(schedule):
    """Noise fractions of the paper's timesteps 0 (clean), 1, ..., T."""
    return at_timesteps(schedule, range(-1, schedule.steps), 0.0)[:-1]


@pytest.mark.parametrize("gamma", [1.0, 1.25, 1.5, 2.0, 3.0, 0.5])
@pytest.mark.parametrize("steps", [1, 25, 50])
def test_adjusted_grid_is_the_formula_of_the_paper(gamma, steps):
    """m(t) = round(T_v (t/T)**sqrt(gamma)), n(t) = round(T_a (t/T)**(1/sqrt(gamma))), t = T .. 0."""
    grid = StepGrid.adjusted(AV(LINEAR, SCALED), steps, gamma)
    m = [round(1000 * (t / steps) ** gamma**0.5) for t in range(steps, -1, -1)]
    n = [round(700 * (t / steps) ** (1 / gamma**0.5)) for t in range(steps, -1, -1)]
    assert grid.fractions.video == pytest.approx([numbered(LINEAR)[i] for i in m], abs=1e-12)
    assert grid.fractions.audio == pytest.approx([numbered(SCALED)[i] for i in n], abs=1e-12)
    assert len(grid) == steps


def test_adjusted_grid_by_hand():
    """Four steps of gamma = 4: video timesteps t**2, audio timesteps sqrt(t)."""
    grid = StepGrid.adjusted(AV(LINEAR, LINEAR), 4, gamma=4.0)
    table = numbered(LINEAR)
    assert grid.fractions.video == pytest.approx([table[i] for i in (1000, 562, 250, 62, 0)], abs=1e-12)
    assert grid.fractions.audio == pytest.approx([table[i] for i in (1000, 866, 707, 500, 0)], abs=1e-12)


def test_adjusted_flow_is_not_rounded():
    grid = StepGrid.adjusted(AV.both(RectifiedFlow()), 3, gamma=1.5)
    assert grid.fractions.video == pytest.approx([1, (2 / 3) ** 1.5**0.5, (1 / 3) ** 1.5**0.5, 0])
    assert grid.fractions.audio == pytest.approx([1, (2 / 3) ** 1.5**-0.5, (1 / 3) ** 1.5**-0.5, 0])


def test_video_leads_where_gamma_exceeds_one():
    flow = AV.both(RectifiedFlow())
    for gamma, sign in ((1.5, -1), (1.0, 0), (0.7, 1)):
        rows = [StepGrid.adjusted(flow, 10, gamma)[row] for row in range(1, 10)]
        assert all((s.video - s.audio) * sign > 0 or (s.video == s.audio and sign == 0) for s in rows)


def test_shift_comes_after_the_adjustment():
    grid = StepGrid.adjusted(AV.both(RectifiedFlow()), 2, gamma=4.0, shift=AV(3.0, 1.0))
    assert grid.fractions.video == pytest.approx([1, 3 * 0.25 / (1 + 2 * 0.25), 0])
    assert grid.fractions.audio == pytest.approx([1, 0.5**0.5, 0])


def test_shift_keeps_both_ends_exactly():
    assert shifted((1.0, 0.5, 0.0), 3.0) == (1.0, 0.75, 0.0)
    for tenth in range(1, 100):
        moved = shifted((1.0, 0.5, 0.0), tenth / 10)
        assert (moved[0], moved[-1]) == (1.0, 0.0)
        assert moved[1] == pytest.approx(tenth / (tenth + 10))


def test_held_and_ignored():
    grid = StepGrid.adjusted(AV.both(RectifiedFlow()), 5, gamma=1.5)
    held, ignored = grid.hold(AV(True, False)), grid.ignore(AV(False, True))
    assert held.fractions == AV((0.0,) * 6, grid.fractions.audio)
    assert ignored.fractions == AV(grid.fractions.video, (1.0,) * 6)
    assert len(held) == 5


def test_rows_and_steps():
    grid = StepGrid(AV((1.0, 0.5, 0.5), (0.9, 0.3, 0.0)))
    assert list(grid.steps()) == [(AV(1.0, 0.9), AV(0.5, 0.3)), (AV(0.5, 0.3), AV(0.5, 0.0))]
    assert grid[-1] == AV(0.5, 0.0)


def test_an_absent_modality_has_no_rows():
    grid = StepGrid.adjusted(AV(None, RectifiedFlow()), 4, gamma=2.0)
    assert grid.fractions.video is None and len(grid) == 4
    assert grid[0] == AV(None, 1.0)


def test_spacings_by_hand():
    ten = BetaSchedule(steps=10)
    assert linspace(ten, 4) == (9, 6, 3, 0)
    assert leading(ten, 4) == (6, 4, 2, 0)
    assert leading(ten, 4, offset=1) == (7, 5, 3, 1)
    assert trailing(ten, 4) == (9, 7, 4, 1)
    assert uniform(4) == (1, 0.75, 0.5, 0.25, 0)


def test_at_timesteps_ends_clean_or_where_told():
    s = at_timesteps(LINEAR, (999, 0))
    assert s == (LINEAR.last, pytest.approx(0.01**1 / (0.01 + 0.9999**0.5)), 0.0)
    assert at_timesteps(LINEAR, (999, 0), end=s[1])[-1] == s[1]


@pytest.mark.parametrize(
    "fractions",
    [
        AV((1.0, 0.0), (1.0, 0.5, 0.0)),
        AV((1.0,), (1.0,)),
        AV(None, None),
        AV((0.5, 0.6), (1.0, 0.0)),
        AV((1.1, 0.0), (1.0, 0.0)),
        AV((1.0, -0.1), None),
        AV((1.0, float("nan")), None),
    ],
)
def test_impossible_grids_are_refused(fractions):
    with pytest.raises(SettingError, match="step grid"):
        StepGrid(fractions)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StepGrid.adjusted(AV.both(RectifiedFlow()), 0), "choose at least 1"),
        (lambda: StepGrid.adjusted(AV.both(RectifiedFlow()), -3), "-3 sampling steps"),
        (lambda: StepGrid.adjusted(AV.both(RectifiedFlow()), 4, gamma=0.0), "gamma is 0.0"),
        (lambda: StepGrid.adjusted(AV.both(RectifiedFlow()), 4, gamma=float("nan")), "gamma is nan"),
        (lambda: StepGrid.adjusted(AV.both(RectifiedFlow()), 4, gamma=float("inf")), "gamma is inf"),
        (lambda: shifted((1.0, 0.0), 0.0), "shift is 0.0"),
        (lambda: trailing(LINEAR, 1001), "at most 1000"),
        (lambda: leading(LINEAR, 1000, offset=1), "choose a smaller one"),
        (lambda: uniform(0), "choose at least 1"),
    ],
)
def test_bad_settings_are_named(make, message):
    with pytest.raises(SettingError, match=message):
        make()
