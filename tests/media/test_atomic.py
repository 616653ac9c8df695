"""Files are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from phonofilm.errors import MediaError
from phonofilm.media.atomic import (
    appearing,
    check_folder,
    check_target,
    make_folder,
    rename,
    try_target,
    write_atomically,
    write_together,
)


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


@pytest.mark.skipif(os.name != "posix", reason="only POSIX systems let folders be opened")
@pytest.mark.parametrize("how", ["at once", "piece by piece", "renamed"])
def test_file_name_and_folder_reach_the_disk_in_this_order(tmp_path, monkeypatch, how):
    path, order = tmp_path / "a.bin", []
    (tmp_path / "old.bin").write_bytes(b"abc")
    fsync, replace = os.fsync, Path.replace

    def noted(handle):
        order.append((os.fstat(handle).st_ino, os.fstat(handle).st_size))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(Path, "replace", lambda self, to: (order.append("rename"), replace(self, to)))
    if how == "at once":
        write_atomically(path, b"abc")
    elif how == "piece by piece":
        with appearing(path) as file:
            file.write(b"abc")
    else:
        rename(tmp_path / "old.bin", path)
    folder = (tmp_path.stat().st_ino, tmp_path.stat().st_size)
    written = [] if how == "renamed" else [(path.stat().st_ino, 3)]
    assert order == [*written, "rename", folder]


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


def test_a_folder_to_come_is_checked_and_not_made(tmp_path: Path) -> None:
    (tmp_path / "film.wav").write_bytes(b"mine")
    for place in (tmp_path / "film.wav", tmp_path / "film.wav" / "run", tmp_path / "new" / ("x" * 300)):
        with pytest.raises(MediaError, match=r"cannot make the folder .*: choose another with -o"):
            check_folder(place)
    assert check_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert [path.name for path in tmp_path.iterdir()] == ["film.wav"]


def test_a_file_in_a_folder_to_come(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.mp4"
    assert check_target(path, new_folder=True) == path
    (tmp_path / "a.mp4").write_bytes(b"another of the same name")
    assert check_target(path, new_folder=True) == path
    assert not path.parent.exists()


@pytest.mark.parametrize("folder", [".", "new"])
def test_a_name_that_no_system_takes_is_one_sentence(tmp_path: Path, folder: str) -> None:
    with pytest.raises(MediaError, match=r"cannot make .* \(File name too long\): choose another name"):
        check_target(tmp_path / folder / ("x" * 252 + ".mp4"), new_folder=True)
    with pytest.raises(MediaError, match="does not exist: make it first"):
        check_target(tmp_path / ("x" * 300) / "a.mp4")


@pytest.mark.parametrize("letter", ["x", "木"])
def test_the_longest_name_that_the_system_takes_is_written(tmp_path: Path, letter: str) -> None:
    path = tmp_path / (letter * (251 // len(letter.encode())) + ".mp4")
    assert write_atomically(path, b"abc").read_bytes() == b"abc"


def test_several_files_are_there_all_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {tmp_path / name: name.encode() for name in ("a.mp4", "a.png", "a.json")}
    renamed = Path.replace

    def second_fails(part: Path, path: Path) -> Path:
        if path.suffix == ".png":
            raise OSError(5, "Input/output error")
        return renamed(part, path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", second_fails)
        with pytest.raises(MediaError, match=r"could not write .*a\.png \(Input/output error\).*nothing of it remains"):
            write_together(files)
    assert list(tmp_path.iterdir()) == []
    write_together(files)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == files


def test_no_file_is_touched_where_one_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"old")
    (tmp_path / "a.png").mkdir()
    with pytest.raises(MediaError, match="is a folder"):
        write_together({tmp_path / "a.mp4": b"new", tmp_path / "a.png": b"new"}, force=True)
    assert (tmp_path / "a.mp4").read_bytes() == b"old"


def test_a_file_written_piece_by_piece_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "long.bin"
    with appearing(path) as file:
        file.write(b"one")
        assert not path.exists()
        file.write(b"two")
    assert path.read_bytes() == b"onetwo"
    with pytest.raises(TypeError), appearing(path, force=True) as file:
        file.writelines([b"half", None])
    assert path.read_bytes() == b"onetwo" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(MediaError, match="exists already"), appearing(path):
        pass


def test_a_folder_that_takes_no_file_is_found_out_by_trying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert try_target(tmp_path / "x.json") == tmp_path / "x.json"
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "x.json").write_text("old")
    with pytest.raises(MediaError, match="exists already"):
        try_target(tmp_path / "x.json")

    def refuses(path: Path, **_: object) -> None:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "touch", refuses)
    with pytest.raises(MediaError, match=r"no file can be made in the folder .*Read-only file system"):
        try_target(tmp_path / "y.json")
