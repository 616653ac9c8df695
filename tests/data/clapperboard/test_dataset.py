from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from phonofilm.data.clapperboard import HELD_OUT, dataset, render, sample_scene
from phonofilm.data.clapperboard.dataset import UNFINISHED, write_dataset
from phonofilm.data.manifest import NAME, read_manifest
from phonofilm.errors import MediaError, SettingError
from phonofilm.media.digest import file_sha256
from phonofilm.media.read import read
from phonofilm.shapes import ClipShape

SHAPE = ClipShape(Fraction(1), Fraction(6), 22, 14, 16000)


@pytest.fixture
def written(monkeypatch):
    """Names of the films that are made, in order."""
    names = []
    real = dataset.write

    def counting(clip, path, **settings):
        names.append(path.name)
        return real(clip, path, **settings)

    monkeypatch.setattr(dataset, "write", counting)
    return names


def test_manifest_says_what_the_films_hold(tmp_path):
    told = []
    path = write_dataset(tmp_path / "set", 3, SHAPE, first_seed=HELD_OUT, progress=lambda *p: told.append(p))
    assert path == tmp_path / "set" / NAME
    assert told == [(1, 3), (2, 3), (3, 3)]
    records = read_manifest(path)
    assert [record.seed for record in records] == [HELD_OUT, HELD_OUT + 1, HELD_OUT + 2]
    for record in records:
        scene = sample_scene(record.seed, seconds=1)
        assert (record.caption, record.kind, record.material) == (scene.caption, scene.kind, scene.material)
        assert record.events == scene.events_in(SHAPE)
        assert record.shape == SHAPE
        assert record.sha256 == file_sha256(path.parent / record.file)
    assert sorted(p.name for p in path.parent.iterdir()) == sorted([NAME, *(r.file for r in records)])


def test_lossless_films_hold_every_bit(tmp_path):
    write_dataset(tmp_path, 2, SHAPE, lossless=True)
    for record in read_manifest(tmp_path):
        clip, truth = read(tmp_path / record.file), render(sample_scene(record.seed, seconds=1), SHAPE)
        np.testing.assert_array_equal(clip.frames, truth.frames)
        np.testing.assert_array_equal(clip.audio, truth.audio)


def test_goes_on_after_an_interruption(tmp_path, monkeypatch, written):
    whole = write_dataset(tmp_path / "whole", 4, SHAPE).read_bytes()
    counting = dataset.write

    def failing(clip, path, **settings):
        if len(written) == 2:
            raise KeyboardInterrupt
        return counting(clip, path, **settings)

    written.clear()
    monkeypatch.setattr(dataset, "write", failing)
    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path / "cut", 4, SHAPE)
    assert not (tmp_path / "cut" / NAME).exists()
    with (tmp_path / "cut" / UNFINISHED).open("a") as torn:
        torn.write('{"file": "00000')
    monkeypatch.setattr(dataset, "write", counting)
    written.clear()
    assert write_dataset(tmp_path / "cut", 4, SHAPE).read_bytes() == whole
    assert written == ["0000000002.mp4", "0000000003.mp4"]


def test_adds_films_and_mends_harmed_ones(tmp_path, written):
    write_dataset(tmp_path, 2, SHAPE)
    first = (tmp_path / "0000000000.mp4").read_bytes()
    (tmp_path / "0000000000.mp4").write_bytes(first[:-7])
    written.clear()
    write_dataset(tmp_path, 3, SHAPE)
    assert written == ["0000000000.mp4", "0000000002.mp4"]
    assert (tmp_path / "0000000000.mp4").read_bytes() == first
    assert len(read_manifest(tmp_path)) == 3


def test_other_settings_need_force(tmp_path):
    write_dataset(tmp_path, 1, SHAPE)
    other = replace(SHAPE, fps=Fraction(12))
    with pytest.raises(MediaError, match=r"other settings.*--force"):
        write_dataset(tmp_path, 1, other)
    assert read_manifest(tmp_path)[0].fps == 6
    write_dataset(tmp_path, 1, other, force=True)
    assert read_manifest(tmp_path)[0].fps == 12


@pytest.mark.parametrize(("first", "count"), [(0, 1), (1, 2), (4, 2)])
def test_a_run_that_would_leave_earlier_films_behind_is_refused_and_changes_nothing(tmp_path, first, count):
    write_dataset(tmp_path, 2, SHAPE)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(MediaError, match=r"from seed 0 on.*--seed 0 --count 2 or more.*--force"):
        write_dataset(tmp_path, count, SHAPE, first_seed=first)
    with pytest.raises(MediaError, match=r"other settings"):
        write_dataset(tmp_path, 2, SHAPE, lossless=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_force_leaves_no_earlier_film_and_spares_what_is_not_ours(tmp_path):
    write_dataset(tmp_path, 2, SHAPE)
    (tmp_path / "mine.mp4").write_text("precious")
    write_dataset(tmp_path, 1, SHAPE, first_seed=4, force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0000000004.mp4", NAME, "mine.mp4"]


def test_an_interruption_before_the_first_film_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*rest, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(dataset, "write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path / "set", 2, SHAPE)
    assert not any(tmp_path.iterdir())


def test_bad_places_and_counts(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(MediaError, match="not empty"):
        write_dataset(tmp_path, 1, SHAPE)
    with pytest.raises(MediaError, match="cannot make"):
        write_dataset(tmp_path / "mine.txt", 1, SHAPE)
    with pytest.raises(SettingError, match="1 or more"):
        write_dataset(tmp_path / "new", 0, SHAPE)
    with pytest.raises(SettingError, match="at least"):
        write_dataset(tmp_path / "new", 1, replace(SHAPE, seconds=Fraction(1, 2)))
    with pytest.raises(SettingError, match="at most 60 s, not 61"):
        write_dataset(tmp_path / "new", 1, replace(SHAPE, seconds=Fraction(61)))
    with pytest.raises(SettingError, match="73/5 frames are no whole number"):
        write_dataset(tmp_path / "new", 1, replace(SHAPE, seconds=Fraction(2), fps=Fraction("7.3")))
    with pytest.raises(SettingError, match="samples are no whole number"):
        write_dataset(tmp_path / "new", 1, replace(SHAPE, seconds=Fraction(8, 7), fps=Fraction(7)))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
