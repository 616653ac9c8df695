"""What is not in a score is named, with the reason, and counted; and the scores that can be had are there."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from phonofilm.errors import MediaError
from phonofilm.estimate import mean
from phonofilm.media.clip import Clip
from phonofilm.metrics import OURS, Better, Metric, Report, Score, Subject, score, score_folder
from phonofilm.metrics._finishing import NO_SENTENCE
from phonofilm.metrics._kinds.paired import Paired
from phonofilm.metrics._report import Reference
from phonofilm.pair import AV


def clip(shade=0, fps=8, sample_rate=16_000):
    frames = np.full((5, 12, 14, 3), shade, np.uint8)
    return Clip(frames, np.zeros((1, sample_rate), np.float32), Fraction(fps), sample_rate)


def crowd(*names, **clocks):
    return [Subject(f"{name}.mp4", clip(10 * place, **clocks)) for place, name in enumerate(names)]


class Shade(Metric[float]):
    name, version, source, gives = "shade", 2, OURS, ("shade",)
    uses = AV(False, False)  # no note says that these clips are frozen and silent
    uncounted = "it has no sentence: write one"

    def measure(self, subject):
        return None if subject.prompt == "" else float(subject.clip.frames.mean())

    def scores(self, measured, reference, seed):
        return [Score.of(self, self.name, mean(measured, seed, empty="-"), Better.LOWER, n=len(measured), seed=seed)]


class Apart(Paired):
    """The difference of two shades; dark reference clips are refused."""

    name, version, source = "apart", 1, OURS

    def features(self, subject):
        if subject.prompt == "refused":
            raise MediaError(f"{subject.name} is too dark")
        return np.array([subject.clip.frames.mean()])

    def compare(self, own, true):
        return abs(float(own[0] - true[0]))


def test_clips_that_do_not_count_are_named_and_counted():
    clips = [*crowd("a"), Subject("mute.mp4", clip(), prompt=""), Subject("dumb.mp4", clip(), prompt="")]
    report = score(clips, [Shade()])
    assert (report["shade"].n, report["shade"].excluded, report.clips) == (1, 2, 3)
    assert report.uncounted == {"shade@2": dict.fromkeys(("mute.mp4", "dumb.mp4"), "it has no sentence: write one")}


def test_a_refused_reference_clip_takes_its_partner_only(tmp_path):
    true = crowd("a", "b", "c")
    true[1].prompt = "refused"
    with pytest.raises(MediaError, match="too dark"):
        score(crowd("a", "b", "c"), [Apart()], reference=true)
    report = score(crowd("a", "b", "c"), [Apart(), Shade()], reference=true, skip_bad=True)
    assert (report["apart"].value, report["apart"].n, report["apart"].excluded) == (0, 2, 1)
    assert report["shade"].excluded == 0
    assert report.counted["apart@1"] == ["a.mp4", "c.mp4"]
    assert report.refused["apart@1"]["b.mp4"] == "b.mp4: its reference clip was left out (b.mp4 is too dark)"
    assert report.references == {"apart@1": Reference(2)}
    assert Report.load(report.save(tmp_path / "scores.json")) == report


def test_an_unreadable_reference_film_takes_its_partner_only(noise, tmp_path):
    own = noise(3)
    true = tmp_path / "true"
    true.mkdir()
    for film in own.iterdir():
        (true / film.name).write_bytes(film.read_bytes() if film.stem != "1" else b"no film")
    report = score_folder(own, true, ["log-spectral-distance"], skip_bad=True)
    found = report["log-spectral-distance"]
    assert (found.value, found.n, found.excluded) == (pytest.approx(0, abs=1e-9), 2, 1)


def test_a_clip_without_a_partner_is_said_or_left_out():
    found = score(crowd("a", "b", "c"), [Apart()], reference=crowd("a", "b"))["apart"]
    assert found.value is None and "c has none: give both folders the same names" in found.reason
    report = score(crowd("a", "b", "c"), [Apart()], reference=crowd("a", "b"), skip_bad=True)
    assert (report["apart"].n, report["apart"].excluded) == (2, 1)
    assert "no reference clip is called c" in report.refused["apart@1"]["c.mp4"]
    none = score(crowd("a"), [Apart()], reference=crowd("b"), skip_bad=True)["apart"]
    assert "a has none: give both folders the same names" in none.reason


def test_one_film_without_a_partner_does_not_make_metrics_of_pairs_vanish(noise, tmp_path):
    own = noise(3)
    true = tmp_path / "true"
    true.mkdir()
    for film in sorted(own.iterdir())[:2]:
        (true / film.name).write_bytes(film.read_bytes())
    assert "2 has none" in score_folder(own, true)["log-spectral-distance"].reason
    assert score_folder(own, true, skip_bad=True)["log-spectral-distance"].n == 2


@pytest.mark.parametrize(
    ("clocks", "words"), [({"fps": 12}, "12 fps and 16000 Hz"), ({"sample_rate": 8_000}, "8 fps and 8000 Hz")]
)
def test_films_of_different_rates_are_named(clocks, words):
    for report in (
        score([*crowd("a", "b"), *crowd("slow", **clocks)], [Shade()]),
        score(crowd("a", "b"), [Shade()], reference=crowd("slow", **clocks)),
    ):
        (note,) = report.notes
        assert "a.mp4 has 8 fps and 16000 Hz" in note and f"slow.mp4 has {words}" in note and "b.mp4" not in note
    assert score(crowd("a", "b"), [Shade()]).notes == ()


class Crash(Shade):
    """A metric that fails as programs do."""

    name, gives, seen = "crash", ("crash",), 0

    def measure(self, subject):
        Crash.seen += 1
        raise np.linalg.LinAlgError("singular matrix")


class CrashLater(Shade):
    name = "later"

    def scores(self, measured, reference, seed):
        if len(measured) > 0:
            raise ValueError("2 is not 3")
        return super().scores(measured, reference, seed)


class CrashAlways(Shade):
    name = "always"

    def scores(self, measured, reference, seed):
        raise ZeroDivisionError("nothing to divide by")


def test_whatever_a_metric_raises_the_others_go_on():
    report = score(crowd("a", "b"), [Crash(), CrashLater(), CrashAlways(), Shade()])
    assert report["crash"].reason.startswith("LinAlgError: singular matrix, test_left_out.py, line ")
    assert Crash.seen == 1
    assert report["later"].reason.startswith("ValueError: 2 is not 3, test_left_out.py, line ")
    assert report["shade"].value == 5
    (note,) = report.notes
    assert note.startswith("always gave no score: ZeroDivisionError: nothing to divide by")


class NoCeiling(Shade):
    name = "low"

    def scores(self, measured, reference, seed):
        if len(measured) == 3:
            raise ValueError("three are too many")
        return super().scores(measured, reference, seed)


def test_a_ceiling_that_fails_leaves_the_score():
    report = score(crowd("a", "b"), [NoCeiling(), Shade()], reference=crowd("a", "b", "c"))
    assert (report["low"].value, report["low"].ceiling) == (5, None)
    assert report["shade"].ceiling == 10
    (note,) = report.notes
    assert note.startswith("low has no value of the reference clips: ValueError: three are too many")


def test_reference_films_are_known_by_their_bytes(noise, tmp_path):
    own = noise(3)
    asked = {"metrics": ["log-spectral-distance", "avalign-svg"]}
    first = score_folder(own, own, **asked).references
    assert list(first) == ["log-spectral-distance@1"], "a mere ceiling needs no reference"
    true = tmp_path / "true"
    true.mkdir()
    for film in own.iterdir():
        (true / film.name).write_bytes((own / "0").with_suffix(film.suffix).read_bytes())
    other = score_folder(own, true, **asked).references["log-spectral-distance@1"]
    mine = first["log-spectral-distance@1"]
    assert mine.clips == other.clips == 3 and len(mine.digest) == len(other.digest) == 12
    assert mine.digest != other.digest


def test_a_report_from_before_there_were_notes_is_read(tmp_path):
    report = score(crowd("a"), [Shade()])
    row = {**report.to_json(), "version": 2}
    for name in ("uncounted", "references", "notes"):
        del row[name]
    (tmp_path / "scores.json").write_text(json.dumps(row))
    assert Report.load(tmp_path / "scores.json") == report


class Half(Shade):
    """A score that rests on half of the clips that its metric counts."""

    name, uses_prompt = "half", True

    def scores(self, measured, reference, seed):
        return [replace(one, n=one.n // 2) for one in super().scores(measured, reference, seed)]


def test_clips_that_a_score_leaves_out_of_those_that_count_are_counted():
    found = score([*crowd("a", "b", "c", "d"), Subject("mute.mp4", clip(), prompt="")], [Half()])["half"]
    assert (found.n, found.excluded) == (2, 3)


def test_a_clip_without_the_sentence_that_counts_has_none(tmp_path):
    class Wordy(Shade):
        name, uses_prompt, uncounted = "wordy", True, "it says nothing of shades"

        def measure(self, subject):
            return 1.0 if "shade" in (subject.prompt or "") else None

    prompts = ("a shade", "a bell", " ", None)
    clips = [Subject(f"x/{place}.mp4", clip(), prompt) for place, prompt in enumerate(prompts)]
    report = score(clips, [Wordy()])
    assert list(report.uncounted["wordy@2"].values()) == ["it says nothing of shades", *[NO_SENTENCE] * 2]
    assert report.sentences == {"0.mp4": "a shade", "1.mp4": "a bell"}
    assert Report.load(report.save(tmp_path / "scores.json")).sentences == report.sentences


def test_leaving_out_is_advised_only_where_it_helps():
    silent = Clip(np.zeros((5, 12, 14, 3), np.uint8), None, Fraction(8), 16_000)
    clips = [*crowd("a"), Subject("mute.mp4", silent)]
    with pytest.raises(MediaError, match=r"--skip-bad"):
        score(clips, [Apart()], reference=crowd("a", "mute"))
    refused = score(clips, [Apart()], reference=crowd("a", "mute"), skip_bad=True).skipped["mute.mp4"]
    assert "has no sound" in refused and "skip" not in refused
    assert "--skip-bad" in score(crowd("a", "b"), [Apart()], reference=crowd("a"))["apart"].reason
    alone = score(crowd("a", "b"), [Apart()], reference=crowd("c"))["apart"].reason
    assert "a (and 1 more) has none" in alone and "--skip-bad" not in alone
