"""Which packed folders a work folder may replace."""

from __future__ import annotations

import shutil
from pathlib import Path

from phonofilm.data.ingest.ownership import MADE, is_own, note, own
from phonofilm.data.packed.rows import INDEX
from phonofilm.media.digest import file_sha256


def made(place: Path, name: str = "out") -> tuple[Path, Path]:
    """A work folder beside a packed folder of that name, which it has made."""
    work, packed = place / "work", place / name
    for folder in (work, packed):
        folder.mkdir(parents=True, exist_ok=True)
    (packed / INDEX).write_text(name)
    note(work, packed, file_sha256(packed / INDEX))
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
