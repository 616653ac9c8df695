import json
import sys
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from torch import nn

from phonofilm import metrics
from phonofilm.errors import MediaError, SettingError, WeightsError
from phonofilm.estimate import mean
from phonofilm.events import Event
from phonofilm.media.clip import Clip
from phonofilm.metrics import (
    About,
    Better,
    Given,
    Metric,
    Report,
    Score,
    Subject,
    find,
    kind,
    names,
    score,
    score_folder,
)
from phonofilm.metrics._find import chosen
from phonofilm.metrics._folder import films
from phonofilm.pair import AV


def clip(level=0.1, frames=5, shade=0, sound=True):
    audio = np.full((1, 16_000), level, np.float32) if sound else None
    return Clip(np.full((frames, 12, 14, 3), shade, np.uint8), audio, Fraction(8), 16_000)


@dataclass
class Loudness(Metric[float]):
    """A metric of somebody else: the seam takes it as it is."""

    name: str = "loudness"
    version: int = 3
    uses = AV(True, True)
    about = About()

    def measure(self, subject):
        return float(subject.clip.audio.max()) if subject.prompt != "skip" else None

    def scores(self, measured, reference, seed):
        return [Score.of(self, "loudness", mean(measured, seed, empty="-"), Better.HIGHER, n=len(measured), seed=seed)]


def subjects(*levels, **extra):
    return [Subject(f"clip {level}", clip(level), **extra) for level in levels]


def test_scores_carry_their_definition_and_clock_and_ceiling():
    report = score(iter(subjects(0.1, 0.3)), [Loudness()], reference=subjects(0.5), seed=9)
    found = report["loudness"]
    assert found.value == pytest.approx(0.2)
    assert found.ceiling == pytest.approx(0.5)
    assert (found.definition, found.fps, found.sample_rate, found.seed, found.n) == ("loudness@3", 8, 16_000, 9, 2)
    assert report.clips == 2


def test_a_clip_that_does_not_count_is_left_out_of_that_metric_only():
    assert score(subjects(0.1) + subjects(0.9, prompt="skip"), [Loudness()])["loudness"].n == 1


def test_clips_of_different_rates_have_none_in_common():
    other = Subject("slow", Clip(clip().frames, clip().audio, Fraction(4), 16_000))
    found = score([*subjects(0.1), other], [Loudness()])["loudness"]
    assert found.fps is None
    assert found.sample_rate == 16_000


def test_only_one_clip_is_kept(monkeypatch):
    """The stream is drained one by one: each clip is measured before the next is made."""
    seen = []

    def stream():
        for level in (0.1, 0.2, 0.3):
            assert len(seen) == round(level * 10) - 1
            yield Subject(str(level), clip(level))

    monkeypatch.setattr(Loudness, "measure", lambda self, subject: seen.append(subject.name) or 1.0)
    assert score(stream(), [Loudness()]).clips == 3


def test_a_clip_without_sound_is_named_or_skipped_and_counted():
    silent = Subject("films/mute.mp4", clip(sound=False))
    with pytest.raises(MediaError, match=r"films/mute\.mp4 has no sound.*--skip-bad"):
        score([silent], [Loudness()])
    report = score([silent, *subjects(0.2)], [Loudness()], skip_bad=True)
    assert report.clips == report["loudness"].n == 1
    assert list(report.skipped) == ["films/mute.mp4"]
    with pytest.raises(MediaError, match=r"no clip left to score \(1 left out, the first: .*mute.mp4 has no sound"):
        score([silent], [Loudness()], skip_bad=True)


class Short(Loudness):
    """It refuses clips of fewer than 6 frames."""

    name, version, needs_reference = "short", 1, False
    gives = ("loudness",)

    def __init__(self):
        super().__init__("short", 1)

    def measure(self, subject):
        if subject.facts.frames < 6:
            raise MediaError("it has fewer than 6 frames: choose longer clips")
        return super().measure(subject)


def test_a_clip_that_one_metric_refuses_is_left_out_of_that_one_and_counted():
    clips = [Subject("short", clip(0.1)), Subject("long", clip(0.3, frames=7))]
    with pytest.raises(MediaError, match="short: it has fewer than 6 frames"):
        score(clips, [find("event-sync"), Short()])
    report = score(clips, [find("event-sync"), Short()], skip_bad=True)
    assert (report["loudness"].n, report["loudness"].excluded, "event-sync@1" in report.refused) == (1, 1, False)
    assert report.clips == 2 and not report.skipped
    assert report.refused == {"short@1": {"short": "short: it has fewer than 6 frames: choose longer clips"}}
    assert report.counted["short@1"] == ["long"]


class Broken(Short):
    asked = 0

    def measure(self, subject):
        Broken.asked += 1
        raise WeightsError("ear.pth is another network's file")


class Nothing(Short):
    def measure(self, subject):
        return np.float32("nan")  # no float of Python's


class Careless(Short):
    def measure(self, subject):
        return subject.nonesuch


class Counting(Short):
    """Its records are fine, its scores are not."""

    def scores(self, measured, reference, seed):
        if measured:
            raise SettingError("two reference clips are called 1")
        return super().scores(measured, reference, seed)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Broken, "another network's"),
        (Nothing, "it measured nan, which is no number: give each clip a finite one, or None (at film-1)"),
        (Careless, "(at film-1)"),
        (Counting, "two reference clips"),
    ],
)
def test_a_metric_that_fails_says_so_and_the_others_go_on(kind, reason):
    found = score([Subject(f"film-{i}", clip(0.1 * i, frames=7)) for i in range(1, 4)], [kind(), find("avalign-svg")])
    assert found["loudness"].value is None
    assert reason in found["loudness"].reason
    assert found["avalign-svg"].value == 0 and found["avalign-svg"].n == 3
    if kind is Broken:
        assert Broken.asked == 1, "what cannot work is not tried for every clip"


def test_a_report_is_saved_and_read_again(tmp_path):
    report = score(subjects(0.1, 0.3), [Loudness(), find("event-sync")])
    again = Report.load(report.save(tmp_path / "scores.json"))
    assert again.to_json() == report.to_json()
    assert again["loudness"].parts.value == report["loudness"].value == pytest.approx(0.2)
    (tmp_path / "old.json").write_text('{"format": "phonofilm-scores", "version": 1}')
    (tmp_path / "text.json").write_text("no JSON")
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "bare.json").write_text("{}")
    wrong = {
        "old": "it is phonofilm-scores 1, not phonofilm-scores 4",
        "none": "No such file or directory",
        "text": "it is no JSON",
        "list": "it is not what phonofilm score writes",
        "bare": "it lacks 'format'",
    }
    for name, reason in wrong.items():
        with pytest.raises(
            MediaError, match=rf"{name}.json cannot be read as scores \({reason}\): score the films anew"
        ):
            Report.load(tmp_path / f"{name}.json")


def test_a_score_has_a_value_or_a_reason():
    with pytest.raises(ValueError, match="reason"):
        Score("x", "x@1", None, "", Better.HIGHER, 0)


def test_the_metrics_are_found_by_their_files():
    assert {"event-sync", "event-detectors", "avalign-svg", "material-match", "frechet-latents"} <= set(names())


def test_unknown_metrics_offer_the_nearest():
    with pytest.raises(SettingError, match="avalign-svg"):
        find("avalign")
    with pytest.raises(SettingError, match="codec"):
        find("frechet-latents")


def test_a_score_is_traced_to_its_metric():
    with pytest.raises(SettingError, match="event-f1-frame is a score of the metric event-sync"):
        find("event-f1-frame")
    with pytest.raises(SettingError, match="metric frechet-latents"):
        find("frechet-audio-latents")


LATENT_LOUDNESS = """
from phonofilm.metrics import OURS, Better, Metric, Score
from phonofilm.estimate import mean

class LatentLoudness(Metric[float]):
    name, version, needs_codec, needs_reference = "latent-loudness", 1, True, True
    source = OURS

    def __init__(self, codec):
        self.codec = codec

    @classmethod
    def of(cls, given):
        return cls(given.codec_for(cls.name))

    def measure(self, subject):
        return float(self.codec.encode([subject.clip]).audio.max())

    def scores(self, measured, reference, seed):
        found = mean(measured, seed, empty="-")
        return [Score.of(self, self.name, found, Better.HIGHER, n=len(reference or ()), seed=seed)]

metric = LatentLoudness
"""


@pytest.fixture
def another_metric(tmp_path, monkeypatch):
    """A file put into the folder of metrics, and nothing else edited."""
    (tmp_path / "latent_loudness.py").write_text(LATENT_LOUDNESS)
    monkeypatch.setattr(metrics, "__path__", [*metrics.__path__, str(tmp_path)])
    yield "latent-loudness"
    sys.modules.pop("phonofilm.metrics.latent_loudness", None)
    vars(metrics).pop("latent_loudness", None)


def test_a_metric_whose_file_cannot_be_read_is_named(another_metric, tmp_path):
    (tmp_path / "latent_loudness.py").write_text("metric = (")
    for asked in ([another_metric], None):
        with pytest.raises(SettingError, match=r"metrics/latent_loudness.py \(SyntaxError"):
            chosen(asked, Given(), has_reference=False)


def test_a_metric_says_itself_what_it_needs(another_metric):
    assert another_metric in names()
    with pytest.raises(SettingError, match="latent-loudness works on the latents of a codec"):
        find(another_metric)
    assert find(another_metric, Given(HalfCodec())).codec is not None
    for codec, has_reference in ((None, True), (HalfCodec(), False)):
        assert another_metric not in [metric.name for metric in chosen(None, Given(codec), has_reference)]
    both = [metric.name for metric in chosen(None, Given(HalfCodec()), True)]
    assert both == [name for name in names() if not kind(name).weights and not kind(name).needs_pairs]
    paired = [metric.name for metric in chosen(None, Given(HalfCodec()), True, True)]
    assert paired == [name for name in names() if not kind(name).weights]


class HalfCodec:
    """Latents that are the mean shade of each frame, and the level of each 10 ms."""

    video = audio = nn.Identity()

    def encode(self, clips):
        import torch

        video = torch.stack([torch.from_numpy(c.frames).float().mean(dim=(1, 2)).T[..., None, None] for c in clips])
        audio = torch.stack([torch.from_numpy(c.audio.reshape(1, 100, 160)) for c in clips])
        return AV(video, audio)


def test_frechet_distances_on_a_codecs_latents():
    rng = np.random.default_rng(0)

    def noisy(shade):
        frames = np.clip(shade + 9 * rng.standard_normal((7, 12, 14, 3)), 0, 255).astype(np.uint8)
        return Clip(frames, (0.1 * rng.standard_normal((1, 16_000))).astype(np.float32), Fraction(8), 16_000)

    def crowd(shade):
        return [Subject(f"{shade} {i}", noisy(shade)) for i in range(44)]

    report = score(crowd(100), [find("frechet-latents", Given(HalfCodec()))], reference=crowd(150))
    video, audio = report["frechet-video-latents"], report["frechet-audio-latents"]
    assert video.value == pytest.approx(3 * 50**2, rel=0.02)
    assert video.interval[0] < video.value < video.interval[1]
    assert "jackknife" in video.method
    assert video.ceiling < 1
    assert audio.value < 0.1
    alone = score(crowd(100), [find("frechet-latents", Given(HalfCodec()))])["frechet-video-latents"]
    assert alone.value is None
    assert "reference" in alone.reason


EVENT = Event(8000, 16_000, "ball", "glass", 0.8, 0.5, 0.5, 0.0)


@pytest.fixture
def folder(tmp_path):
    for i, shade in enumerate((40, 80)):
        clip(0.1 + i / 10, frames=8, shade=shade).save(tmp_path / f"{i}.mp4", lossless=True)
    (tmp_path / "0.json").write_text(json.dumps({"prompt": "a glass ball bounces"}))
    return tmp_path


def test_a_folder_is_scored_with_progress_and_saved(folder):
    told = []
    report = score_folder(folder, folder, ["avalign-svg"], progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert report["avalign-svg"].value == report["avalign-svg"].ceiling == 0  # grey pictures, constant sound
    saved = json.loads(report.save(folder / "scores.json").read_text())
    assert saved["scores"]["avalign-svg"]["n"] == saved["clips"] == 2
    assert saved["source"] == str(folder)
    assert json.dumps(saved, allow_nan=False)


def test_named_metrics_that_need_a_reference_are_refused_without_one(folder):
    with pytest.raises(SettingError, match=r"log-spectral-distance compares with true films.*--reference"):
        score_folder(folder, metrics=["avalign-svg", "log-spectral-distance"])


def test_there_are_never_more_processes_than_films(folder, monkeypatch):
    begun = []

    def helpers(count, *_):
        begun.append(count)
        raise MediaError("enough seen")

    monkeypatch.setattr("phonofilm.metrics._run.helpers", helpers)
    with pytest.raises(MediaError, match="enough seen"):
        score_folder(folder, metrics=["loudness"], workers=99)
    assert begun == [2]


def test_prompts_come_from_sidecars_and_truth_from_the_manifest(folder):
    first, second = films(folder)
    assert (first.prompt, first.truth, second.prompt) == ("a glass ball bounces", None, None)
    row = {"file": "1.mp4", "caption": "a drum is hit", "events": [EVENT.to_json()], "seed": 1}
    (folder / "manifest.jsonl").write_text(json.dumps(row) + "\n")
    assert films(folder)[1].prompt == "a drum is hit"
    assert films(folder)[1].subject(None).truth == (EVENT,)


def test_a_manifest_of_files_and_captions_will_do(folder):
    rows = [{"file": f"{i}.mp4", "caption": "a glass ball bounces"} for i in range(2)]
    (folder / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert [(film.prompt, film.truth) for film in films(folder)] == [("a glass ball bounces", None)] * 2
    report = score_folder(folder, metrics=["material-match", "event-detectors"])
    assert report["material-picture"].n == 2
    assert report["eye-recall"].value is None
    assert "events" in report["eye-recall"].reason


def test_a_row_without_a_caption_is_said(folder):
    (folder / "manifest.jsonl").write_text('{"file": "0.mp4"}\n')
    with pytest.raises(MediaError, match="line 1 lacks 'caption'"):
        films(folder)


def test_a_codec_without_a_reference_is_said(folder):
    with pytest.raises(SettingError, match="--reference"):
        score_folder(folder, given=Given(HalfCodec()))


ROW = {"file": "1.mp4", "caption": "a drum is hit", "events": [EVENT.to_json()]}


def listing(**changes):
    return json.dumps({name: value for name, value in {**ROW, **changes}.items() if value is not None})


@pytest.mark.parametrize(
    "line",
    [
        "no",
        "[]",
        "5",
        "",
        listing(file=1),
        listing(file=None),
        listing(caption=5),
        listing(events=5),
        listing(events={"sample": 1}),
        listing(events=["hit"]),
        listing(events=[{**EVENT.to_json(), "sample": "8000"}]),
        listing(events=[{**EVENT.to_json(), "sample_rate": 0}]),
        listing(events=[{**EVENT.to_json(), "audible": "no"}]),
        listing(events=[{**EVENT.to_json(), "loudness": 1}]),
        listing(events=[{"sample": 8000}]),
        listing(file="../1.mp4"),
    ],
)
def test_a_damaged_manifest_is_an_error_that_names_its_line(folder, line):
    (folder / "manifest.jsonl").write_text(f"{listing(file='0.mp4')}\n{line}\n")
    with pytest.raises(MediaError, match=r"manifest\.jsonl, line 2"):
        films(folder)


def test_a_film_that_a_manifest_lists_twice_is_an_error(folder):
    (folder / "manifest.jsonl").write_text(f"{listing()}\n{listing(caption='another')}\n")
    with pytest.raises(MediaError, match=r"line 2.*twice"):
        films(folder)


def test_what_is_no_film_is_named_or_skipped(folder):
    (folder / "2.mp4").write_bytes(b"not a film")
    with pytest.raises(MediaError, match=r"2\.mp4"):
        score_folder(folder, metrics=["avalign-svg"])
    report = score_folder(folder, metrics=["avalign-svg"], skip_bad=True)
    assert report.clips == 2
    assert list(report.skipped) == [str(folder / "2.mp4")]


def test_folders_without_films(tmp_path):
    with pytest.raises(MediaError, match="holds no films"):
        score_folder(tmp_path)
    with pytest.raises(MediaError, match="not a folder"):
        score_folder(tmp_path / "absent")


def test_no_metric(folder):
    with pytest.raises(SettingError, match="no metric"):
        score_folder(folder, metrics=[])
