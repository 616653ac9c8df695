from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from phonofilm import models
from phonofilm.benchmarks import clapperboard, sources
from phonofilm.benchmarks.clapperboard import MODELS, RESULTS, missing, run
from phonofilm.benchmarks.scoring import Scorer
from phonofilm.benchmarks.sources import Generated, Truth
from phonofilm.benchmarks.task import Task
from phonofilm.errors import MediaError, SettingError, WeightsError
from phonofilm.media.read import read
from phonofilm.models.svg.config import Coupling
from phonofilm.training.config import Stage
from phonofilm.training.plan import Plan
from tests.benchmarks.conftest import METRICS

pytestmark = pytest.mark.filterwarnings("ignore::phonofilm.pipelines.joint.PromptWarning")

LABELS = [
    "uncoupled",
    "cmc-pe, gamma 1",
    "cmc-pe, gamma 2",
    "shuffled pairs: cmc-pe, gamma 1",
    "shuffled pairs: true clips",
    "true clips through the codec",
    "true clips",
]


class StoppedError(Exception):
    """Stands for a kill."""


def stop_after(clips):
    def progress(done, total):
        if done >= clips:
            raise StoppedError

    return progress


def test_rows_in_order_with_their_identity_and_scores(whole):
    rows = whole.results["rows"]
    assert [row["label"] for row in rows] == LABELS
    assert whole.results == json.loads((whole.options.out / RESULTS).read_text())
    for row in rows:
        assert {"avalign-svg", "frechet-video-latents", "frechet-audio-latents"} <= row["scores"].keys()
        assert row["scores"]["avalign-svg"]["n"] == 3
        assert row["scores"]["avalign-svg"]["interval"] is not None
    first = rows[1]["identity"]
    assert first["weights"] == models.fingerprint(models.load(whole.options.models["cmc-pe"]))
    assert (first["settings"]["steps"], first["settings"]["gamma"]) == (2, 1.0)
    assert rows[2]["identity"]["settings"]["gamma"] == 2.0


def test_progress_and_what_is_left_out_are_told(whole):
    assert whole.told[-1] == (2 * 3 * len(LABELS),) * 2
    assert [done for done, _ in whole.told] == sorted(done for done, _ in whole.told)
    assert "cross-attention is left out: name its folder with --model cross-attention=FOLDER" in whole.said
    assert list(whole.results["left_out"]) == ["cross-attention"]


def test_same_weights_prompts_and_seeds_give_the_same_row_and_another_gamma_another(whole):
    rows = whole.results["rows"]
    assert rows[0]["scores"] == rows[1]["scores"]
    assert rows[0]["identity"] == rows[1]["identity"]
    assert rows[2]["scores"] != rows[1]["scores"]


def test_films_can_be_looked_at(whole):
    films = sorted(whole.options.out.rglob("*.mkv"))
    assert len(films) == 9
    assert all(read(film).audio is not None and film.with_suffix(".json").exists() for film in films)


def test_finished_rows_are_not_made_again(whole):
    said = []
    assert run(whole.options, command="phonofilm bench", say=said.append) == whole.results
    assert said[1:] == [f"{label}: finished before" for label in LABELS]


def test_a_stopped_run_keeps_its_films_and_comes_to_the_same_results(whole, options):
    with pytest.raises(StoppedError):
        run(options, progress=stop_after(2))
    kept = {path: path.stat().st_mtime_ns for path in options.out.rglob("*.mkv")}
    assert 2 <= len(kept) < 9
    with pytest.raises(StoppedError):
        run(options, progress=stop_after(8))  # while the second row is made
    assert len(list((options.out / "rows").iterdir())) == 1
    assert run(options)["rows"] == whole.results["rows"]
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_more_prompts_reuse_the_films_that_are_there(pipe, tmp_path):
    made = []
    for n in (2, 3):
        row = Generated(Task(n, pipe.model.shape), pipe, pipe.settings(steps=1), "row", tmp_path)
        row.make(made.append)
    assert made == [0, 1, 1, 2, 1]
    assert len(list(tmp_path.rglob("*.mkv"))) == 3


def test_films_hold_what_the_model_made_bit_for_bit(pipe, tmp_path):
    row = Generated(Task(2, pipe.model.shape), pipe, pipe.settings(steps=1), "row", tmp_path)
    row.make(lambda clips: None)
    takes = list(pipe.stream([plan.request for plan in row.plans]))
    for index, take in enumerate(takes):
        assert np.array_equal(row.clip(index).frames, take.clip.frames)
        assert np.array_equal(row.clip(index).audio, take.clip.audio)
    assert [plan.request.prompt for plan in row.plans] == [scene.caption for scene in row.task.scenes]
    assert [plan.request.seed for plan in row.plans] == [0, 1]


def test_a_perfect_generator_scores_as_the_true_clips(options, monkeypatch):
    """Films of the true clips in place of a model's: the row must come out as the ceiling does."""

    def perfect(self, made):
        for index, plan in enumerate(self.plans):
            plan.film.parent.mkdir(parents=True, exist_ok=True)
            self.task.true_clip(index).save(plan.film, lossless=True, force=True)

    monkeypatch.setattr(Generated, "make", perfect)
    rows = {row["label"]: row["scores"] for row in run(options)["rows"]}
    assert rows["uncoupled"] == rows["cmc-pe, gamma 2"] == rows["true clips"]
    assert rows["shuffled pairs: cmc-pe, gamma 1"] == rows["shuffled pairs: true clips"]
    assert rows["shuffled pairs: true clips"]["avalign-svg"] != rows["true clips"]["avalign-svg"]
    assert rows["true clips through the codec"] != rows["true clips"]


def test_a_row_of_other_metrics_or_another_ruler_is_not_taken(pipe, monkeypatch, tmp_path):
    task = Task(2, pipe.model.shape)
    scorer = Scorer(task, pipe.model.codec, tmp_path / "rows", ("avalign-svg",))
    scorer.score(Truth(task), lambda clips: None)
    assert scorer.finished(Truth(task)) is not None
    assert replace(scorer, names=METRICS).finished(Truth(task)) is None
    assert replace(scorer, task=Task(3, task.shape)).finished(Truth(task)) is None
    monkeypatch.setattr("phonofilm.benchmarks.scoring._ruler_fingerprint", lambda: "another")
    assert scorer.finished(Truth(task)) is None


def test_a_damaged_row_is_named(pipe, tmp_path):
    task = Task(2, pipe.model.shape)
    scorer = Scorer(task, pipe.model.codec, tmp_path / "rows", ("avalign-svg",))
    scorer.score(Truth(task), lambda clips: None)
    (path,) = (tmp_path / "rows").iterdir()
    path.write_text("{")
    with pytest.raises(MediaError, match=rf"{path.name} is damaged .*: delete it"):
        scorer.finished(Truth(task))


def test_missing_weights_are_said_with_the_way_to_get_them(model: Path):
    reasons = missing({"uncoupled": "runs/none/model", "cmc-pe": str(model), "mine": "elsewhere/model"})
    assert list(reasons) == ["cross-attention", "uncoupled", "mine"]
    assert "coupling 'none'" in reasons["uncoupled"]
    assert reasons["mine"] == "elsewhere/model holds no weights: name another folder with --model mine=FOLDER"


def test_no_model_at_all_is_an_error(options):
    with pytest.raises(WeightsError, match=r"no model of the table is at hand; .*runs/none"):
        run(replace(options, models={"uncoupled": "runs/none"}))
    assert not options.out.exists()


def test_a_misspelt_model_is_not_just_left_out(options):
    with pytest.raises(SettingError, match="did you mean 'svg-tiny'"):
        run(replace(options, models={"cmc-pe": "svg-tinny"}))


def test_models_are_looked_for_where_their_training_leaves_them():
    plan = Plan("svg-tiny", Path("runs/svg-tiny"))
    for name, place in MODELS.items():
        kind = clapperboard.KINDS[name]
        assert kind in {one.value for one in Coupling}
        if place != "svg-tiny":
            assert Path(place) == plan.stage(Stage.JOINT, kind) / "model"


def test_what_a_digest_depends_on():
    assert sources.digest({"a": 1, "b": 2}) == sources.digest({"b": 2, "a": 1})
    assert sources.digest({"a": 1}) != sources.digest({"a": 2})
