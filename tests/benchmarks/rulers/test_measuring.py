import json
from collections import Counter

import numpy as np
import pytest

from phonofilm.benchmarks.rulers import measuring
from phonofilm.benchmarks.rulers.measuring import Options, run
from phonofilm.benchmarks.rulers.page import write_page
from phonofilm.errors import SettingError
from phonofilm.estimate import mean
from phonofilm.metrics import OURS, Better, Metric, Score, kind, names
from phonofilm.metrics._kinds.captioned import Captioned
from phonofilm.pair import AV

COUNTED: Counter[str] = Counter()


class Peak:
    """A reading of one side: where the loudest sample, or the brightest frame, is."""

    def __init__(self, uses):
        self.uses, self.id = uses, f"peak-{uses}"

    def __call__(self, subject):
        COUNTED["sound" if self.uses.audio else "picture"] += 1
        clip = subject.whole()
        if self.uses.audio:
            return {"at": np.array(np.abs(clip.audio[0]).argmax() / subject.clip.sample_rate)}
        change = np.abs(np.diff(clip.video.astype(float), axis=0)).mean(axis=(1, 2, 3))
        return {"at": np.array(change.argmax() / float(subject.clip.fps))}


PICTURE, SOUND = Peak(AV(True, False)), Peak(AV(False, True))


class Distance(Metric[float]):
    """Between the loudest moment and that of most change."""

    name, version, gives, source = "distance", 1, ("distance",), OURS

    def measure(self, subject):
        return abs(float(subject.read(PICTURE)["at"] - subject.read(SOUND)["at"]))

    def scores(self, measured, reference, seed):
        found = mean(list(measured), seed, empty="there are no clips")
        return [Score.of(self, self.name, found, Better.LOWER, n=len(measured), seed=seed, unit="s")]


@pytest.fixture
def distance(monkeypatch):
    COUNTED.clear()
    monkeypatch.setattr(measuring, "find", lambda name, given: Distance())
    return Options


def test_each_side_is_read_once_and_a_second_run_reads_nothing(distance, tmp_path):
    options = Options(tmp_path / "out", n=4, metrics=("distance",))
    steps, said = [], []
    first = run(options, progress=lambda done, total: steps.append((done, total)), say=said.append)
    (ground,) = first["grounds"]
    pictures = {repr(one["picture"]) for one in ground["variants"]}
    sounds = {repr(one["sound"]) for one in ground["variants"]}
    assert {"picture": 4 * len(pictures), "sound": 4 * len(sounds)} == COUNTED
    assert (steps[-1], len(steps), said) == ((8, 8), 8, [])
    (tmp_path / "out" / "rulers.json").unlink()
    assert run(options)["grounds"] == first["grounds"]
    assert sum(COUNTED.values()) == 4 * (len(pictures) + len(sounds))
    assert json.loads((tmp_path / "out" / "rulers.json").read_text()) == first
    score = ground["metrics"]["distance"]["scores"]["distance"]
    assert score["values"]["true"]["n"] == 4
    assert score["values"]["+400 ms"]["value"] > score["values"]["true"]["value"]


def test_the_page_and_its_figures_come_from_the_results_alone(distance, tmp_path):
    results = run(Options(tmp_path / "out", n=4, metrics=("distance",)), command="phonofilm bench rulers")
    page = tmp_path / "docs.md"
    write_page(results, page)
    text, figure = page.read_text(), (tmp_path / "docs-1.svg").read_bytes()
    assert text.startswith("# The rulers measured")
    assert "**distance** (distance@1). True clips score" in text
    assert "![Each score against the shift of the sound" in text and "(docs-1.svg)" in text
    page.write_text(text.replace("**distance**", "gone") + "\nMine.\n")
    write_page(results, page)
    assert page.read_text() == text + "\nMine.\n"
    assert (tmp_path / "docs-1.svg").read_bytes() == figure
    assert text.index("## In short") < text.index("phonofilm bench rulers")
    assert figure.startswith(b"<?xml") and b"<dc:date>" not in figure
    with pytest.raises(SettingError, match=r"\.md"):
        write_page(results, tmp_path / "docs.txt")


def test_metrics_of_time_and_of_what_belongs_together_are_chosen():
    found, left_out = measuring.wanted(Options())
    chosen = {metric.name for metric in found}
    assert {"avalign-svg", "avalign-tempotokens-2023", "avalign-tempotokens-2025", "event-sync", "sync-error"} <= chosen
    assert "material-match" in chosen
    assert not chosen & {"frechet-latents", "event-detectors", "loudness", "temporal-flicker"}
    assert {"javisscore", "desync-synchformer"} <= set(left_out)
    assert "--weights imagebind=PATH" in left_out["javisscore"]
    assert set(measuring.ONSETS) | set(measuring.BY_TRUTH) <= set(names())
    of_words = {name for name in names() if issubclass(kind(name), Captioned)}
    assert {"languagebind-text-audio", "languagebind-text-video", "clap-score"} <= of_words <= chosen | set(left_out)


def test_metrics_that_were_asked_for_must_be_there():
    with pytest.raises(SettingError, match="weights imagebind"):
        measuring.wanted(Options(metrics=("javisscore",)))
    with pytest.raises(SettingError, match="did you mean"):
        measuring.wanted(Options(metrics=("sync-eror",)))
    with pytest.raises(SettingError, match="at least 4"):
        Options(n=3)


def test_the_headline_sees_what_it_should(tmp_path):
    """A small run of the whole: real metric, real scenes."""
    results = run(Options(tmp_path, n=4, metrics=("sync-error",)))
    score = results["grounds"][0]["metrics"]["sync-error"]["scores"]["sync-error"]
    values = {name: one["value"] for name, one in score["values"].items()}
    assert values["true"] < 30 < values["+100 ms"] < values["+300 ms"]
    assert values["true"] < 30 < values["-100 ms"] < values["-300 ms"]
    assert values["swapped"] > 100
    assert abs(values["true at 8 fps"] - values["true"]) < 40


def test_onset_metrics_are_compared_with_true_clips(tmp_path):
    results = run(Options(tmp_path, n=4, metrics=("onset-f1",)))
    scores = results["grounds"][0]["metrics"]["onset-f1"]["scores"]
    assert scores["onset-f1"]["values"]["true"]["value"] == 1
    assert scores["onset-f1"]["values"]["swapped"]["value"] < 1
