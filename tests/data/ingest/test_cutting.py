"""The clips of a film as files."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from phonofilm.data.ingest.cutting import Kept, cut, sample
from phonofilm.data.ingest.recipe import Pack
from phonofilm.data.ingest.scan import Film, Scan, scan
from phonofilm.data.ingest.split import Scanned, Split, split
from phonofilm.data.packed.shards import pack
from phonofilm.media.clip import Clip
from phonofilm.media.digest import file_sha256
from phonofilm.media.resample import STAMP_ERROR
from tests.media.films import noise, numbered, stamped_film


def test_what_a_killed_run_had_begun_to_write_goes_when_its_film_is_cut_again(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    film = Clip(
        rng.integers(0, 256, (21, 14, 22, 3), np.uint8),
        rng.uniform(-0.5, 0.5, (1, 24000)).astype(np.float32),
        Fraction(7),
        8000,
    ).save(tmp_path / "film.mp4")
    (row,) = scan(Scan(), Film(tmp_path, "film.mp4"))
    clips = tuple(split(Split(seconds=Fraction(1)), Scanned(film, row)))
    kept = Kept(film, row, clips, tmp_path / "cut" / "job")
    kept.folder.mkdir(parents=True)
    (kept.folder / f".{clips[0].clip_id}.mp4.0123abcd.part").write_bytes(b"half a film")
    rows = cut(Pack(), kept)
    assert len(rows) == 3
    assert {path.name for path in kept.folder.iterdir()} == {f"{clip.clip_id}.mp4" for clip in clips}
    assert [one.sha256 for one in rows] == [file_sha256(kept.file(clip.clip_id)) for clip in clips]
    assert all(one.clip.missing == one.clip.frame_time_error == 0 for one in rows)


def test_what_a_clip_lacks_and_how_far_its_frames_are_off_go_with_it_into_the_index(tmp_path: Path) -> None:
    blocks = [start for start in range(0, 16000, 800) if start != 8800]
    film = stamped_film(
        tmp_path / "film.mkv",
        pictures=enumerate(numbered(20, (16, 16))),
        sound=[(start, noise(1, 800)) for start in blocks],
        tick=Fraction(1, 10),
        rate=10,
        sample_rate=8000,
    )
    (row,) = scan(Scan(), Film(tmp_path, "film.mkv"))
    clips = tuple(split(Split(seconds=Fraction(1)), Scanned(film, row)))
    kept = Kept(film, row, clips, tmp_path / "job")
    rows = cut(Pack(fps=Fraction(8)), kept)
    pack([sample(one, kept, "", {}) for one in rows], tmp_path / "packed")
    table = pq.read_table(tmp_path / "packed" / "index.parquet")
    assert table["missing"].to_pylist() == [0, 800]
    limit = Fraction(1, 20) + STAMP_ERROR
    errors = [Fraction(one["num"], one["den"]) for one in table["frame_time_error"].to_pylist()]
    assert all(0 < error <= limit for error in errors)
