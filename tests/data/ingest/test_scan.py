"""A file that cannot be read costs itself alone, whatever is wrong with it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from phonofilm.cli import main
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.scan import Film, Scan, films, other_films, others, scan


def test_a_link_that_leads_nowhere_and_a_name_that_is_no_utf8_cost_themselves(tmp_path: Path, noise) -> None:
    folder = noise(1)
    (folder / "broken.mp4").symlink_to(tmp_path / "nowhere.mp4")
    if sys.platform == "linux":
        os.symlink(folder / "0.mkv", os.fsencode(folder) + b"/\xff.mkv")
    main(["prepare", "scan", str(folder), "-o", str(tmp_path / "work"), "--max-bad", "1"])
    rows = [row for film in films(folder) for row in scan(Scan(), film)]
    left = {row.path: (row.reason, row.message) for row in rows if row.reason is not None}
    said = f"it is a link to {tmp_path / 'nowhere.mp4'}, which is not there"
    assert left["broken.mp4"] == (Reason.UNREADABLE, said)
    if sys.platform == "linux":
        assert left["\\xff.mkv"] == (Reason.UNREADABLE, "its name is not UTF-8: rename it")
    assert [row.path for row in rows if row.reason is None] == ["0.mkv"]


def test_links_to_folders_are_followed_once_and_never_round(tmp_path: Path) -> None:
    folder, outside = tmp_path / "films", tmp_path / "outside"
    for name in ("films/own/a.mp4", "outside/deep/b.mp4", "outside/c.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (folder / "linked").symlink_to(outside)
    (folder / "twice").symlink_to(outside)
    (folder / "own" / "round").symlink_to(folder)
    (outside / "back").symlink_to(outside / "deep" / "..")
    (folder / "gone").symlink_to(tmp_path / "nowhere")
    assert [film.path for film in films(folder)] == ["linked/c.mp4", "linked/deep/b.mp4", "own/a.mp4"]
    (tmp_path / "door").symlink_to(folder)
    assert len(list(films(tmp_path / "door"))) == 3


def test_notes_that_macos_keeps_beside_films_are_no_films(tmp_path: Path) -> None:
    for name in ("a.mp4", "._a.mp4", ".b.mp4"):
        (tmp_path / name).touch()
    assert [film.path for film in films(tmp_path)] == [".b.mp4", "a.mp4"]
    (tmp_path / "a.mp4").unlink()
    (tmp_path / ".b.mp4").unlink()
    assert not other_films(tmp_path / "new", tmp_path)


def test_films_of_rarer_endings_are_looked_at(tmp_path: Path) -> None:
    names = [f"a.{name}" for name in ("MK3D", "m2ts", "m4v", "mp4v", "mts", "ogm", "ogv", "vob", "wmv", "3gpp")]
    for name in names:
        (tmp_path / name).touch()
    assert sorted(film.path for film in films(tmp_path)) == sorted(names)
    assert others(tmp_path) == []


def test_scan_names_the_files_that_it_takes_for_no_films(noise, capsys, tmp_path: Path) -> None:
    folder = noise(1)
    beside = ("0.txt", "0.json", "0.srt", "list.CSV", "._0.mkv", ".hidden.xyz", ".git/config", "poster.jpg")
    for name in (*beside, "concert.film", "more/concert"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    command = ["prepare", "scan", str(folder), "-o", str(tmp_path / "work")]
    main(command)
    said = f"2 other files in {folder} not looked at for their ending (.film, none): concert.film, more/concert"
    assert said in capsys.readouterr().out.splitlines()
    for name in ("a.mp4.part", "b.zip"):
        (folder / name).touch()
    main(command)
    said = "(.film, .part, .zip): a.mp4.part, b.zip, concert.film, ..."
    assert any(line.startswith("4 other") and line.endswith(said) for line in capsys.readouterr().out.splitlines())
    for name in ("a.mp4.part", "b.zip", "concert.film", "more/concert"):
        (folder / name).unlink()
    main(command)
    assert "other" not in capsys.readouterr().out


def test_a_file_that_goes_while_the_folder_is_scanned(noise) -> None:
    folder = noise(1)
    film = Film(folder, "0.mkv")
    named = film.job
    (folder / "0.mkv").unlink()
    (row,) = scan(Scan(), film)
    assert row.reason is Reason.UNREADABLE
    assert film.job != named
