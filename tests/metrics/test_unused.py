"""What lies in a folder of films and was not used is said once, and stops nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from phonofilm.errors import MediaError, SettingError
from phonofilm.metrics import score_folder
from phonofilm.metrics._folder import films
from phonofilm.metrics._unused import borrowed, unused


def notes(folder: Path) -> list[str]:
    return unused(folder, films(folder))


def test_lines_of_a_manifest_without_a_film_are_counted(noise: Callable[[int], Path]) -> None:
    folder = noise(1)
    rows = [{"file": name, "caption": "a bell rings"} for name in ("0.mkv", "nope.mp4", "gone.mp4")]
    text = "\n".join(map(json.dumps, rows))
    (folder / "manifest.jsonl").write_text(text, encoding="utf-8-sig")
    assert films(folder)[0].prompt == "a bell rings", "a byte order mark is no part of the first line"
    line = f"the manifest of {folder} lists 2 films that are not there, such as nope.mp4"
    assert notes(folder) == [line]
    assert score_folder(folder, folder, ["avalign-svg"]).notes[1:] == (line,), "said once"


def test_films_that_are_the_references_own_are_counted(noise: Callable[[int], Path], tmp_path: Path) -> None:
    own, true = noise(3), tmp_path / "true"
    shutil.copytree(own, true)
    line = "{} of 3 films are the reference's own, byte for byte: name a reference of other films, unless it is true "
    line += "films that you score"
    for reference in (own, true):
        assert score_folder(own, reference, ["silence"]).notes == (line.format(3),)
    kept = (true / "0.mkv").read_bytes()
    (true / "0.mkv").write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    assert (true / "0.mkv").stat().st_size == (own / "0.mkv").stat().st_size
    (true / "1.mkv").unlink()
    (true / "2.mkv").rename(true / "other.mkv")
    assert borrowed(films(own), films(true)) == [line.format(1)]
    (true / "other.mkv").unlink()
    assert borrowed(films(own), films(true)) == []


def test_films_further_down_and_texts_are_named(noise: Callable[[int], Path]) -> None:
    folder = noise(2)
    (folder / "0.txt").write_text("a bell rings")
    (folder / "notes.txt").write_text("of no film")
    for name in ("deep", "more", "empty"):
        (folder / name).mkdir()
    for name in ("deep", "more"):
        (folder / name / "x.mp4").write_bytes(b"film")
    assert notes(folder) == [
        f"0.txt in {folder} is not read: sentences come from a .json file beside a film, or from a manifest",
        f"films in subfolders of {folder} are not looked at: deep (and 1 more)",
    ]
    (folder / "0.json").write_text('{"prompt": "a bell rings"}')
    assert len(notes(folder)) == 1, "who has a sentence needs no text"
    for film in folder.glob("*.mkv"):
        film.unlink()
    with pytest.raises(MediaError, match=r"holds no films: .* its subfolders do: .*, deep \(and 1 more\)"):
        films(folder)


def test_a_word_is_no_list_of_metrics(noise: Callable[[int], Path]) -> None:
    with pytest.raises(SettingError, match=r"give a list of names, \['silence'\]"):
        score_folder(noise(1), metrics="silence")
