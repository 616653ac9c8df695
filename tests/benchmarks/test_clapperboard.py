from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from phonofilm import models
from phonofilm.benchmarks import clapperboard, sources
from phonofilm.benchmarks.clapperboard import MODELS, RESULTS, check_equal_terms, missing, run
from phonofilm.benchmarks.scoring import Scorer
from phonofilm.benchmarks.sources import Generated, Truth
from phonofilm.benchmarks.task import Task
from phonofilm.errors import MediaError, SettingError, WeightsError
from phonofilm.media.read import read
from phonofilm.models import StageRecord
from phonofilm.models.svg.config import Coupling
from phonofilm.training.plan import Plan
from tests.benchmarks.conftest import METRICS
from tests.tiny import tiny_model

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
    assert len(list((options.out / "rows").iterdir())) == len(METRICS)
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
    monkeypatch.setattr("phonofilm.benchmarks.scoring.fingerprint", lambda: "another")
    assert scorer.finished(Truth(task)) is None


def test_a_damaged_row_is_named(pipe, tmp_path):
    task = Task(2, pipe.model.shape)
    scorer = Scorer(task, pipe.model.codec, tmp_path / "rows", ("avalign-svg",))
    scorer.score(Truth(task), lambda clips: None)
    (path,) = (tmp_path / "rows").iterdir()
    path.write_text("{")
    with pytest.raises(MediaError, match=rf"{path.name} is damaged .*: delete it"):
        scorer.finished(Truth(task))


def trained(model, joint, codec_seed=0):
    """A model with a record of so many joint clips, and a codec of that seed."""
    record = StageRecord(
        stage="joint", clips=joint, steps=1, batch=joint, learning_rate=1e-3, seed=0, seconds=1, device="cpu"
    )
    return replace(model, training=(record,), codec=tiny_model(codec_seed).codec)


@pytest.mark.parametrize(
    ("joint", "codec_seed", "words"),
    [
        (16, 0, "uncoupled differs from cmc-pe in joint training (16 clips, 16 a step, learning rate 0.001, not 32 "),
        (32, 1, "uncoupled differs from cmc-pe in codec"),
    ],
)
def test_rows_on_unequal_terms_are_refused(pipe, joint, codec_seed, words):
    rows = {"cmc-pe": trained(pipe.model, 32), "uncoupled": trained(pipe.model, joint, codec_seed)}
    with pytest.raises(WeightsError) as refused:
        check_equal_terms(rows)
    assert words in str(refused.value)
    assert "phonofilm train svg-tiny --from-scratch --stage joint --coupling none -o runs/tiny" in str(refused.value)
    check_equal_terms({"cmc-pe": rows["cmc-pe"], "uncoupled": trained(pipe.model, 32)})


def test_a_row_whose_joint_training_is_not_on_record_stands_beside_no_other(pipe):
    with pytest.raises(WeightsError, match=r"\(none on record, not 32 clips"):
        check_equal_terms({"cmc-pe": trained(pipe.model, 32), "mine": pipe.model})
    check_equal_terms({"cmc-pe": pipe.model, "mine": pipe.model})


def test_unequal_rows_are_refused_before_any_work(options, tmp_path):
    folder = models.save(trained(models.load(options.models["cmc-pe"]), 16), tmp_path / "other")
    with pytest.raises(WeightsError, match="joint training"):
        run(replace(options, models={**options.models, "mine": str(folder)}))
    assert not options.out.exists()


def test_results_hold_every_models_training(whole):
    assert whole.results["models"] == {"uncoupled": [], "cmc-pe": []}
    assert [row.get("joint_clips", "no model") for row in whole.results["rows"]] == [None] * 3 + ["no model"] * 4


def test_missing_weights_are_said_with_the_way_to_get_them(model: Path):
    reasons = missing({"uncoupled": "runs/none/model", "cmc-pe": str(model), "mine": "elsewhere/model"})
    assert list(reasons) == ["cross-attention", "uncoupled", "mine"]
    assert "--stage joint --coupling none -o runs/tiny'" in reasons["uncoupled"]
    assert reasons["mine"] == "elsewhere/model holds no weights: name another folder with --model mine=FOLDER"


def test_no_model_at_all_is_an_error(options):
    with pytest.raises(WeightsError, match=r"no model of the table is at hand; .*runs/none"):
        run(replace(options, models={"uncoupled": "runs/none"}))
    assert not options.out.exists()


def test_a_misspelt_model_is_not_just_left_out(options):
    with pytest.raises(SettingError, match="did you mean 'svg-tiny'"):
        run(replace(options, models={"cmc-pe": "svg-tinny"}))


def test_models_are_looked_for_where_their_training_leaves_them():
    plan = Plan("svg-tiny", Path("runs/tiny"))
    for name, place in MODELS.items():
        kind = clapperboard.KINDS[name]
        assert kind in {one.value for one in Coupling}
        assert Path(place) == plan.finished(kind)
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert "phonofilm train svg-tiny --from-scratch --stage all -o runs/tiny" in readme


def test_what_ships_stands_in_for_a_model_of_the_table_that_was_not_trained(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    places = {name: clapperboard._place(name, place) for name, place in MODELS.items()}
    assert places == {**MODELS, "cmc-pe": "svg-tiny"}
    assert clapperboard._place("cmc-pe", "elsewhere/model") == "elsewhere/model"
    finished = tmp_path / MODELS["cmc-pe"]
    finished.mkdir(parents=True)
    (finished / "model.json").write_text("{}")
    assert clapperboard._place("cmc-pe", MODELS["cmc-pe"]) == MODELS["cmc-pe"]


def test_what_a_digest_depends_on():
    assert sources.digest({"a": 1, "b": 2}) == sources.digest({"b": 2, "a": 1})
    assert sources.digest({"a": 1}) != sources.digest({"a": 2})
