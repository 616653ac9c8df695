"""Which packed folders a work folder may replace."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from phonofilm.data.ingest.ownership import MADE, check_place, is_own, note, other_settings, own
from phonofilm.data.packed.rows import INDEX
from phonofilm.errors import MediaError
from phonofilm.media.digest import file_sha256


def made(place: Path, name: str = "out") -> tuple[Path, Path]:
    """A work folder beside a packed folder of that name, which it has made."""
    work, packed = place / "work", place / name
    for folder in (work, packed):
        folder.mkdir(parents=True, exist_ok=True)
    (packed / INDEX).write_text(name)
    note(work, packed, file_sha256(packed / INDEX), {"pack.fps": "8", "split.skip": "0", "split.scenes": False})
    return work, packed


def test_what_was_made_is_own_until_it_is_another(tmp_path: Path) -> None:
    work, packed = made(tmp_path)
    assert is_own(work, packed)
    shutil.copytree(packed, tmp_path / "copy")
    assert not is_own(work, tmp_path / "copy")
    _, more = made(tmp_path, "more")
    assert own(work) == [packed, more]
    (packed / INDEX).write_text("another")
    assert not is_own(work, packed)
    assert own(work) == [more]


def test_two_runs_note_the_same_and_both_folders_can_be_moved(tmp_path: Path) -> None:
    work, _ = made(tmp_path / "one")
    other, _ = made(tmp_path / "other")
    assert (work / MADE).read_bytes() == (other / MADE).read_bytes()
    moved = (tmp_path / "one").rename(tmp_path / "moved")
    assert is_own(moved / "work", moved / "out")


def test_settings_that_are_others_are_named_and_long_ones_not_shown(tmp_path: Path) -> None:
    work, packed = made(tmp_path)
    assert other_settings(work, packed, {"split.skip": "0", "pack.fps": "8", "split.scenes": False}) == []
    rules = ["silence_ratio < 0.8 and not all_zero and motion > 0.5"]
    now = {"pack.fps": "8", "split.skip": "1/2", "filter.rules": rules}
    assert other_settings(work, packed, now) == ["split.skip 0 -> 1/2", "filter.rules", "split.scenes False -> none"]


def test_a_place_is_ours_if_it_is_new_empty_or_holds_one_of_our_names(tmp_path: Path) -> None:
    check_place(tmp_path / "new", (INDEX,))
    (tmp_path / ".hidden").touch()
    check_place(tmp_path, (INDEX,))
    (tmp_path / "b.jpg").touch()
    (tmp_path / "a.jpg").touch()
    with pytest.raises(MediaError, match=r"holds other things, a\.jpg the first: name a new folder"):
        check_place(tmp_path, (INDEX, "shard-*"))
    (tmp_path / "shard-000000.tar").touch()
    check_place(tmp_path, (INDEX, "shard-*"))
