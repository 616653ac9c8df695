"""Readings: made once for all metrics, kept by the film's bytes, and the same wherever they come from."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from phonofilm.errors import MediaError, SettingError
from phonofilm.media.clip import Clip
from phonofilm.media.write import write
from phonofilm.metrics import Arrays, Subject, _cache, score_folder
from phonofilm.metrics._cache import Cache, CacheError
from phonofilm.metrics._spool import Spool
from phonofilm.pair import AV

FPS, RATE = Fraction(30000, 1001), 22_050


def clip(shade: int = 7, sound: bool = True) -> Clip:
    audio = np.full((2, 5 * RATE // 7), 0.25, np.float32) if sound else None
    return Clip(np.full((23, 18, 22, 3), shade, np.uint8), audio, FPS, RATE)


class Brightness:
    """A reading that counts how often it is made."""

    id = "brightness@1: mean of all"

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, subject: Subject) -> Arrays:
        self.made += 1
        assert subject.clip.frames is not None
        return {"mean": subject.clip.frames.mean(axis=(1, 2, 3)), "none": np.zeros((0, 3), np.float32)}


def test_a_reading_is_made_once_and_its_clip_is_fetched_once() -> None:
    fetched: list[Clip] = []

    def fetch() -> Clip:
        fetched.append(clip())
        return fetched[-1]

    subject, reading = Subject("x", fetch), Brightness()
    assert not fetched
    first = subject.read(reading)
    assert subject.read(reading) is first
    assert reading.made == len(fetched) == 1
    assert subject.facts.fps == FPS and subject.facts.sample_rate == RATE
    assert (subject.facts.frames, subject.facts.height, subject.facts.width) == (23, 18, 22)
    assert (subject.facts.channels, subject.facts.samples) == (2, 5 * RATE // 7)
    assert len(fetched) == 1


def test_another_clip_of_the_same_name_is_read_anew() -> None:
    subject, reading = Subject("x", clip(7), "a prompt"), Brightness()
    other = subject.showing(clip(9))
    assert subject.read(reading)["mean"][0] == 7 and other.read(reading)["mean"][0] == 9
    assert (other.name, other.prompt) == ("x", "a prompt")


def test_what_is_missing_is_named_only_where_it_is_needed() -> None:
    mute = Subject("mute.mp4", clip(sound=False))
    mute.check(AV(True, False))
    with pytest.raises(MediaError, match=r"mute\.mp4 has no sound"):
        mute.check(AV(False, True))


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write(clip(), tmp_path / "film.mkv", lossless=True)


def kept(film: Path, folder: Path) -> Subject:
    """A film whose readings are kept, and which nobody may decode."""

    def never() -> Clip:
        raise AssertionError("the film was decoded")

    return Subject("x", never, shelf=Cache(folder).shelf(film))


def test_a_kept_reading_needs_no_film(film: Path, tmp_path: Path) -> None:
    reading, folder = Brightness(), tmp_path / "cache"
    first = Subject("x", clip(), shelf=Cache(folder).shelf(film)).read(reading)
    again = kept(film, folder).read(reading)
    assert reading.made == 1
    assert again.keys() == first.keys()
    for name, array in first.items():
        assert again[name].dtype == array.dtype
        np.testing.assert_array_equal(again[name], array)


def test_another_film_or_another_id_is_read_anew(film: Path, tmp_path: Path) -> None:
    folder, reading, other = tmp_path / "cache", Brightness(), Brightness()
    Subject("x", clip(), shelf=Cache(folder).shelf(film)).read(reading)
    other.id = "brightness@1: mean_of all"  # the same file name, were it not for its digest
    Subject("x", clip(), shelf=Cache(folder).shelf(film)).read(other)
    assert other.made == 1
    film.write_bytes(film.read_bytes() + b"\0")
    Subject("x", clip(), shelf=Cache(folder).shelf(film)).read(reading)
    assert reading.made == 2


def test_a_damaged_file_is_made_again(film: Path, tmp_path: Path) -> None:
    folder, reading = tmp_path / "cache", Brightness()
    Subject("x", clip(), shelf=Cache(folder).shelf(film)).read(reading)
    (path,) = folder.rglob("*.npz")
    whole = path.read_bytes()
    for damage in (whole[: len(whole) // 2], b"", b"no archive"):
        path.write_bytes(damage)
        before = reading.made
        Subject("x", clip(), shelf=Cache(folder).shelf(film)).read(reading)
        assert reading.made == before + 1
        assert path.read_bytes() == whole


def test_a_folder_scored_again_or_by_many_gives_the_same(noise: Callable[[int], Path], tmp_path: Path) -> None:
    films = noise(5)
    names, cache = ["avalign-svg", "event-sync"], tmp_path / "cache"
    plain = score_folder(films, metrics=names)
    assert plain["event-f1-frame"].extractor.startswith("ruler-") and "22050" in plain["avalign-svg"].resampler
    with pytest.raises(SettingError, match="at least 1"):
        score_folder(films, metrics=names, workers=0)
    told: list[tuple[int, int]] = []
    many = score_folder(
        films, metrics=names, workers=2, cache=cache, progress=lambda done, total: told.append((done, total))
    )
    assert many.to_json() == plain.to_json()
    assert told == [(done, 5) for done in range(1, 6)]
    files = sorted(path.relative_to(cache) for path in cache.rglob("*.npz"))
    assert len(files) == 6 * 5, "facts, signs of life, events seen, events heard, onsets and flow of each film"
    assert score_folder(films, metrics=names, cache=cache).to_json() == plain.to_json()
    (films / "2.mkv").write_bytes(b"no film")
    with pytest.raises(MediaError, match=r"2\.mkv"):
        score_folder(films, metrics=names, workers=2, cache=cache)
    rest = score_folder(films, metrics=names, workers=2, cache=cache, skip_bad=True)
    assert rest.clips == 4 and [Path(name).name for name in rest.skipped] == ["2.mkv"]


def test_a_spool_is_a_sequence_that_lies_on_disk() -> None:
    spool: Spool[dict[str, np.ndarray]] = Spool()
    assert not len(spool) and not list(spool)
    for number in range(7):
        spool.append({"n": np.full(3, number)})
    assert [int(one["n"][0]) for one in spool] == list(range(7))
    spool.append({"n": np.full(3, 7)})  # reading does not move where it writes
    assert int(spool[-1]["n"][0]) == 7 and int(spool[3]["n"][2]) == 3
    assert [int(one["n"][0]) for one in spool[1:8:3]] == [1, 4, 7]
    with pytest.raises(IndexError):
        spool[8]


def test_another_version_of_a_library_reads_anew(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Onsets are librosa's and flow is OpenCV's: what another version of them gives may be something else."""
    before = Cache(tmp_path).shelf(film).folder
    monkeypatch.setattr(_cache, "version", lambda name: "99" if name == "librosa" else "1")
    _cache.programs.cache_clear()
    try:
        assert Cache(tmp_path).shelf(film).folder != before
    finally:
        monkeypatch.undo()
        _cache.programs.cache_clear()
    assert Cache(tmp_path).shelf(film).folder == before


def test_all_libraries_are_ours() -> None:
    """A name that is written wrong would never change."""
    required = Path(__file__).parents[2].joinpath("pyproject.toml").read_text(encoding="utf-8")
    assert [name for name in _cache.LIBRARIES if f'"{name}>=' not in required] == []


def test_a_reading_that_may_not_be_read_is_told_with_its_place(film: Path, tmp_path: Path) -> None:
    shelf = Cache(tmp_path).shelf(film)
    shelf.folder.joinpath("brightness@1.npz").mkdir(parents=True)  # as root, who may read all, stands in for no rights
    with pytest.raises(CacheError, match=r"brightness@1\.npz cannot be read .* name another folder with --cache"):
        shelf.get("brightness@1")
