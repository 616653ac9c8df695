"""Clips scored in one pass: against the same clips scored alone, against their films read whole, and real ones."""

from __future__ import annotations

import gc
import weakref
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from phonofilm.data.ingest import score as module
from phonofilm.data.ingest.measures import Window, measures, names
from phonofilm.data.ingest.measures.motion import Motion
from phonofilm.data.ingest.plugins import Plugin
from phonofilm.data.ingest.rows import ClipRow, ScoreRow
from phonofilm.data.ingest.scan import Film, Scan, scan
from phonofilm.data.ingest.scenes import cuts
from phonofilm.data.ingest.score import Scoring, SplitSource, score, scoring
from phonofilm.data.ingest.split import Scanned, Split, split
from phonofilm.errors import MediaError, SettingError
from phonofilm.media import frames, sound
from phonofilm.media.clip import Clip
from phonofilm.media.probe import probe
from phonofilm.media.read import read
from phonofilm.media.span import Span
from phonofilm.media.write import write

FPS, RATE, SECONDS = Fraction(25), 16_000, 12
LOUD = slice(4 * RATE, 6 * RATE)

PLUGIN = '''
from fractions import Fraction
from phonofilm.data.ingest.plugins import Form
from phonofilm.errors import MediaError


class Brightness:
    """Mean brightness, and loudness of the brightest channel where there is any."""

    name, version = "brightness", 1
    gives = ("mean", "frames", "silent")
    form = Form(fps=Fraction(5), size=(8, 8), sample_rate=8000, channels=1)

    def measure(self, clip):
        if clip.frames.mean() > 150:
            raise MediaError("it is too bright")
        assert clip.frames.shape[1:] == (8, 8, 3) and clip.audio.shape[0] == 1 and clip.sample_rate == 8000
        given = {"mean": float(clip.frames.mean()), "frames": len(clip.frames)}
        return given if clip.audio.any() else {**given, "silent": True}
'''


def source(path: Path, settings: Split) -> SplitSource:
    (row,) = scan(Scan(silent=True), Film(path.parent, path.name))
    assert row.reason is None, row.message
    return SplitSource(path, row, tuple(split(settings, Scanned(path, row))))


def written(folder: Path) -> Path:
    """Grey from dark to light, black in the third second, with noise of which two seconds are loud; 12 s long."""
    rng = np.random.default_rng(0)
    grey = np.linspace(40, 200, int(SECONDS * FPS)).astype(np.uint8)
    grey[50:75] = 0
    frames = np.broadcast_to(grey[:, None, None, None], (len(grey), 36, 64, 3)).copy()
    frames[::2, 10:20, 10:20] //= 2
    audio = (0.001 * rng.standard_normal((2, SECONDS * RATE))).astype(np.float32)
    audio[:, LOUD] *= 200
    return write(Clip(frames, audio, FPS, RATE), folder / "film.mp4", lossless=True)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("film"))


@pytest.fixture(scope="module")
def film(path: Path) -> SplitSource:
    """Windows of 3 s that begin 0.7 s apart."""
    return source(path, Split(seconds=Fraction(3), stride=Fraction("0.7")))


@pytest.fixture(scope="module")
def rows(film: SplitSource) -> list[ScoreRow]:
    return score(Scoring(), film)


def test_there_is_a_row_for_each_clip_with_every_measure_or_the_reason_why_not(
    film: SplitSource, rows: list[ScoreRow]
) -> None:
    assert [row.clip_id for row in rows] == [clip.clip_id for clip in film.clips] and len(rows) > 15
    for row in rows:
        assert set(row.values) == set(measures()) == set(Scoring().gives)
        assert {name for name, value in row.values.items() if value is None} == set(row.why)
        assert ScoreRow.model_validate_json(row.model_dump_json()) == row


def test_a_clip_scores_the_same_alone_and_among_clips_that_overlap_it(film: SplitSource, rows: list[ScoreRow]) -> None:
    for index in (0, 7, len(rows) - 1):
        alone = SplitSource(film.place, film.row, film.clips[index : index + 1])
        assert score(Scoring(), alone) == [rows[index]]
    backwards = SplitSource(film.place, film.row, film.clips[::-1])
    assert score(Scoring(), backwards) == rows[::-1]


def test_what_passes_by_is_exactly_what_lies_within_the_clip(film: SplitSource, rows: list[ScoreRow]) -> None:
    whole = read(film.place)
    assert whole.audio is not None and film.row.video is not None
    for clip, row in zip(film.clips, rows, strict=True):
        samples = whole.audio[:, clip.span.first_sample :][:, : clip.span.samples].astype(np.float64)
        assert row.values["rms"] == pytest.approx(10 * np.log10(np.mean(samples**2)), abs=1e-4)
        assert row.values["peak"] == pytest.approx(20 * np.log10(np.abs(samples).max()), abs=1e-4)
        assert row.values["channel_correlation"] == pytest.approx(np.corrcoef(samples)[0, 1], abs=1e-5)
        shown = (
            Fraction(clip.span.first_pts, 1) * film.row.video.time_base,
            clip.span.end_pts * film.row.video.time_base,
        )
        black = max(min(shown[1], Fraction(3)) - max(shown[0], Fraction(2)), Fraction(0)) / (shown[1] - shown[0])
        assert row.values["black_ratio"] == pytest.approx(float(black), abs=1e-6)


def test_pictures_and_sound_are_decoded_once_however_many_clips_there_are(
    film: SplitSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = {"pictures": 0, "sound": 0}

    def counted(name: str, decode):
        def count(*args: object, **rest: object):
            for part in decode(*args, **rest):
                decoded[name] += 1
                yield part

        return count

    monkeypatch.setattr("phonofilm.data.ingest.stream.decoded_frames", counted("pictures", frames.decoded_frames))
    monkeypatch.setattr("phonofilm.data.ingest.stream.blocks_of", counted("sound", sound.blocks_of))
    score(Scoring(), film)
    info = probe(film.place)
    assert info.audio is not None
    assert decoded["pictures"] == SECONDS * FPS
    assert decoded["sound"] == len(list(sound.blocks_of(info, info.audio, Fraction(0))))


def test_only_the_clips_around_one_moment_take_memory(film: SplitSource, monkeypatch: pytest.MonkeyPatch) -> None:
    alive: weakref.WeakSet[Motion] = weakref.WeakSet()
    most: list[int] = []
    begin = Motion.__init__

    def born(self: Motion, window: Window) -> None:
        begin(self, window)
        alive.add(self)
        most.append(len(alive))

    monkeypatch.setattr(Motion, "__init__", born)
    rows = score(Scoring(measures=("motion",)), film)
    assert len(most) == len(rows) and 3 / 0.7 < max(most) <= 4 / 0.7 + 3  # windows of 3 s, sound a second ahead
    gc.collect()
    assert not alive


def test_only_what_is_asked_for_is_measured_and_the_clips_past_the_first_need_no_decoding(film: SplitSource) -> None:
    (row,) = score(Scoring(measures=("level",)), SplitSource(film.place, film.row, film.clips[:1]))
    assert set(row.values) == {"rms", "peak", "clipped", "silence_ratio", "all_zero"}
    assert score(Scoring(), SplitSource(film.place, film.row, ())) == []
    with pytest.raises(SettingError, match="did you mean 'level'"):
        scoring(Scoring(measures=("lvel",)), "")


def test_without_sound_or_pictures_there_are_reasons_instead_of_values(tmp_path: Path, film: SplitSource) -> None:
    silent = write(Clip(np.full((20, 36, 64, 3), 90, np.uint8), None, Fraction(10), 0), tmp_path / "silent.mp4")
    (row,) = score(Scoring(), source(silent, Split()))
    assert row.values["static_ratio"] == 1 and row.values["cuts"] == 0
    assert row.why["rms"] == row.why["lufs"] == row.why["av_offset"] == "the clip has no sound"
    nothing = ClipRow(clip_id="x", source_id="s", span=Span(1000, 1000, 0, 4000, 0))
    (row,) = score(Scoring(), SplitSource(film.place, film.row, (nothing,)))
    assert not any(value is not None for value in row.values.values())
    assert row.why["motion"] == "the clip has no picture"


def test_a_film_cut_short_is_an_error_and_no_score(path: Path, film: SplitSource, tmp_path: Path) -> None:
    data = path.read_bytes()
    short = tmp_path / "short.mp4"
    short.write_bytes(data[: len(data) // 2])
    with pytest.raises(MediaError):
        score(Scoring(), SplitSource(short, film.row, film.clips))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("mdn_flower_silent_5s.mp4", {"all_zero": True, "silence_ratio": 1.0, "lufs": -70.0, "black_ratio": 0.0}),
        (
            "silent_black_10s.mp4",
            {"all_zero": True, "black_ratio": 1.0, "static_ratio": 1.0, "motion": 0.0},
        ),
        ("webm_no_duration.webm", {"all_zero": True, "silence_ratio": 1.0}),
        ("alpha_vp9_5s.webm", {"all_zero": True}),
        ("vshort_017s.mp4", {"all_zero": True, "lufs": None, "motion": None}),
        (
            "mdn_rabbit320_8s.mp4",
            {"all_zero": False, "static_ratio": 0.0, "black_ratio": 0.0, "cuts": 0},
        ),
        ("extra_data_tracks_10s.mp4", {"all_zero": False, "cuts": 0}),
        ("mkv_start_m23ms_5s.mkv", {"onsets": 0, "channel_correlation": None, "cuts": 0}),
        ("first_pts_10s_noaudio.mp4", {"cuts": 1, "rms": None, "black_ratio": 0.0}),
        ("counter_pts_3s.mp4", {"cuts": 2}),
        ("odd_161x121_noaudio.webm", {"cuts": 0, "static_ratio": 0.0}),
    ],
)
def test_real_films_are_what_their_list_says(name: str, wanted: dict, clips: Path) -> None:
    (row,) = score(Scoring(), source(clips / name, Split()))
    assert {key: row.values[key] for key in wanted} == wanted


def test_a_voice_over_a_still_picture_is_static_though_its_time_code_runs(clips: Path) -> None:
    film = source(clips / "speech_static_42s.mp4", Split(seconds=Fraction(5)))
    (row,) = score(Scoring(), SplitSource(film.place, film.row, film.clips[:1]))
    static, moves, heard = (row.values[name] for name in ("static_ratio", "motion", "onsets"))
    assert static == 1.0 and moves is not None and moves < 0.3 and heard is not None and heard > 5


def test_cuts_of_a_real_film_are_at_its_pictures(clips: Path) -> None:
    place = clips / "counter_pts_3s.mp4"
    (row,) = scan(Scan(silent=True), Film(clips, place.name))
    assert cuts(place, row) == [10240, 20480]  # pictures 10 and 20 of 30, at 1 s and 2 s


def plugin_film(path: Path) -> SplitSource:
    return source(path, Split(seconds=Fraction(4)))


def test_a_plug_in_is_given_each_clip_in_the_form_that_it_wants(path: Path, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(PLUGIN)
    settings = Scoring(measures=("cuts",), plugins=(f"{tmp_path / 'own.py'}:Brightness",))  # type: ignore[arg-type]
    one, two, three = score(settings, plugin_film(path))
    assert (
        set(one.values) == {"cuts", "brightness.mean", "brightness.frames", "brightness.silent"} == set(settings.gives)
    )
    assert one.values["brightness.frames"] == 20 and type(one.values["brightness.frames"]) is int
    assert two.values["brightness.mean"] == pytest.approx(119, abs=4)
    assert two.why["brightness.silent"] == "brightness did not give it"
    assert three.values["brightness.mean"] is None and three.why["brightness.mean"] == "it is too bright"


def test_another_file_or_version_of_a_plug_in_is_another_stage_and_a_changed_one_is_noticed(
    path: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own.py"
    keys = set()
    for text in (PLUGIN, PLUGIN.replace('version = "brightness", 1', 'version = "brightness", 2'), PLUGIN + "\n"):
        own.write_text(text)
        settings = Scoring(plugins=(f"{own}:Brightness",))  # type: ignore[arg-type]
        keys.add(scoring(settings, "above").key)
        assert Scoring.model_validate_json(settings.model_dump_json()) == settings
    assert len(keys | {scoring(Scoring(), "above").key}) == 4
    own.write_text(PLUGIN)
    with pytest.raises(SettingError, match="has changed since"):
        score(settings, plugin_film(path))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"mean", "frames", "silent"', '"mean", "silent"'), "gives frames, which it does not name"),
        (("float(clip.frames.mean())", 'float("nan")'), "mean = nan: leave it out"),
    ],
)
def test_plug_ins_must_give_what_they_say(path: Path, tmp_path: Path, change: tuple[str, str], message: str) -> None:
    (tmp_path / "own.py").write_text(PLUGIN.replace(*change))
    with pytest.raises(SettingError, match=message):
        score(Scoring(measures=(), plugins=(f"{tmp_path / 'own.py'}:Brightness",)), plugin_film(path))  # type: ignore[arg-type]


def test_places_without_a_plug_in_are_refused(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(PLUGIN + "\nclass Bare:\n    name, version = 'bare', 1\n")
    for place, message in (
        ("nowhere", "write path/to/file.py:Name"),
        (f"{tmp_path}/none.py:A", "does not exist"),
        ("phonofilm.nowhere:A", "cannot be found"),
        (f"{tmp_path}/own.py:Darkness", "no class or function Darkness"),
        (f"{tmp_path}/own.py:Bare", "lacks gives, form, measure"),
    ):
        with pytest.raises(SettingError, match=message):
            Plugin.at(place)
    twice = (f"{tmp_path}/own.py:Brightness",) * 2
    with pytest.raises(SettingError, match="same name"):
        scoring(Scoring(plugins=twice), "")  # type: ignore[arg-type]


def test_the_stage_changes_with_the_version_of_any_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    before = scoring(Scoring(), "above")
    monkeypatch.setattr(Motion, "version", Motion.version + 1)
    assert scoring(Scoring(), "above").key != before.key
    assert scoring(Scoring(measures=("cuts",)), "").key != scoring(Scoring(measures=("black",)), "").key
    assert before.work is module.score and before.row is ScoreRow and len(names()) == 8
