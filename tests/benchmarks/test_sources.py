from __future__ import annotations

import pytest

from phonofilm.benchmarks.clapperboard import GAMMAS
from phonofilm.benchmarks.sources import Generated
from phonofilm.benchmarks.task import Task

pytestmark = pytest.mark.filterwarnings("ignore::phonofilm.pipelines.joint.PromptWarning")


def row(pipe, folder, gamma):
    settings = pipe.settings(steps=1, gamma=gamma)
    return Generated(Task(2, pipe.model.shape), pipe, settings, f"cmc-pe, gamma {gamma:g}", folder)


def test_the_films_of_every_gamma_have_a_folder_of_their_own(pipe, tmp_path):
    rows = [row(pipe, tmp_path, gamma) for gamma in GAMMAS]
    assert [{plan.film.parent.parent for plan in one.plans} for one in rows] == [{tmp_path}] * len(GAMMAS)
    assert len({plan.film.parent for one in rows for plan in one.plans}) == len(GAMMAS)
    assert {plan.film.suffix for one in rows for plan in one.plans} == {".mkv"}
    assert len({plan.film for one in rows for plan in one.plans}) == 2 * len(GAMMAS)
    assert list(tmp_path.iterdir()) == []


def test_a_row_whose_gamma_is_no_whole_number_is_made_and_found_again(pipe, tmp_path):
    made = []
    row(pipe, tmp_path, 1.25).make(made.append)
    row(pipe, tmp_path, 1.25).make(made.append)
    assert made == [0, 1, 1, 2]
    assert row(pipe, tmp_path, 1.25).clip(1).shape == pipe.model.shape
