"""Files are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from phonofilm.errors import MediaError
from phonofilm.media.atomic import check_target, make_folder, write_atomically


def test_bytes_arrive_with_the_usual_permissions(tmp_path):
    path = write_atomically(tmp_path / "a.bin", b"abc")
    (tmp_path / "b.bin").write_bytes(b"abc")
    assert path.read_bytes() == b"abc"
    assert path.stat().st_mode == (tmp_path / "b.bin").stat().st_mode
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.bin", "b.bin"]


@pytest.mark.parametrize("broken", ["fsync", "write"])
def test_a_failing_disk_leaves_the_old_file(tmp_path, monkeypatch, broken):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def fail(*_args):
        raise OSError(28, "No space left on device")

    if broken == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(MediaError, match=r"No space left on device.*make room"):
        write_atomically(path, b"new", force=True)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


def test_the_bytes_reach_the_disk_before_the_name(tmp_path, monkeypatch):
    order = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append("fsync"), fsync(handle)))
    monkeypatch.setattr(Path, "replace", lambda self, to: (order.append("rename"), replace(self, to)))
    write_atomically(tmp_path / "a.bin", b"abc")
    assert order[:2] == ["fsync", "rename"]


def test_targets_that_cannot_be(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(MediaError, match="does not exist: make it"):
        check_target(tmp_path / "nowhere" / "a.mp4")
    with pytest.raises(MediaError, match="does not exist: make it"):
        check_target(tmp_path / "file" / "a.mp4")
    with pytest.raises(MediaError, match="is a folder"):
        check_target(tmp_path)
    with pytest.raises(MediaError, match="exists"):
        check_target(tmp_path / "file")
    assert check_target(tmp_path / "file", force=True) == tmp_path / "file"


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder that not even root may write to: Linux's /proc")
def test_a_folder_that_may_not_be_written_to():
    with pytest.raises(MediaError, match=r"another one|another folder"):
        write_atomically("/proc/film.mp4", b"abc")


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "film.wav").write_bytes(b"mine")
    for place in (tmp_path / "film.wav", tmp_path / "film.wav" / "run", tmp_path / ("x" * 300)):
        with pytest.raises(MediaError, match=r"cannot make the folder .*: choose another with -o"):
            make_folder(place)
    assert (tmp_path / "film.wav").read_bytes() == b"mine"
    assert make_folder(tmp_path / "a" / "b").is_dir()
    assert make_folder(tmp_path / "a" / "b").is_dir()
