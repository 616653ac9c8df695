import json
from fractions import Fraction

import pytest

from phonofilm.data.manifest import NAME, Record, read_manifest
from phonofilm.errors import MediaError
from phonofilm.events import Event
from phonofilm.shapes import ClipShape

RECORD = Record(
    file="a.mp4",
    caption="a drumstick hits glass",
    seed=7,
    kind="drumstick",
    material="glass",
    events=(Event(11, 16000, "drumstick", "glass", 0.5, 0.25, 0.75, -0.5),),
    fps=Fraction(24000, 1001),
    height=5,
    width=7,
    frames=48,
    sample_rate=16000,
    channels=2,
    samples=32032,
    lossless=False,
    sha256="00ff",
    version=3,
)


def write(folder, *rows):
    (folder / NAME).write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    return folder


def test_round_trip(tmp_path):
    write(tmp_path, RECORD.to_json())
    assert read_manifest(tmp_path) == read_manifest(tmp_path / NAME) == [RECORD]


def test_shape_is_exact():
    assert RECORD.shape == ClipShape(Fraction(1001, 500), Fraction(24000, 1001), 5, 7, 16000, 2)
    assert RECORD.shape.samples == RECORD.samples


@pytest.mark.parametrize(
    "change",
    [
        {"height": "5"},
        {"seed": True},
        {"seed": 1.0},
        {"caption": None},
        {"fps": "fast"},
        {"fps": "1/0"},
        {"events": 3},
        {"events": [{"sample": 3}]},
        {"colour": "red"},
        {"lossless": "no"},
    ],
)
def test_damaged_rows_are_named(tmp_path, change):
    write(tmp_path, RECORD.to_json(), {**RECORD.to_json(), "file": "b.mp4", **change})
    with pytest.raises(MediaError, match="line 2 is damaged"):
        read_manifest(tmp_path)


def test_missing_fields_are_named(tmp_path):
    row = RECORD.to_json()
    del row["sha256"]
    with pytest.raises(MediaError, match=r"line 1 is damaged .*sha256"):
        read_manifest(write(tmp_path, row))


@pytest.mark.parametrize("text", ['{"file": "a', "[1, 2]\n", "7\n", "\n"])
def test_damaged_text(tmp_path, text):
    with pytest.raises(MediaError, match="line 1 is damaged"):
        read_manifest(write(tmp_path, text))


def test_a_film_stands_there_once_and_inside_the_folder(tmp_path):
    with pytest.raises(MediaError, match=r"line 2: a\.mp4 stands there twice"):
        read_manifest(write(tmp_path, RECORD.to_json(), RECORD.to_json()))
    for file in ("/etc/a.mp4", "../a.mp4"):
        with pytest.raises(MediaError, match="outside the folder"):
            read_manifest(write(tmp_path, {**RECORD.to_json(), "file": file}))


def test_no_manifest(tmp_path):
    with pytest.raises(MediaError, match="phonofilm prepare"):
        read_manifest(tmp_path)
    (tmp_path / NAME).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MediaError, match="cannot read"):
        read_manifest(tmp_path)
