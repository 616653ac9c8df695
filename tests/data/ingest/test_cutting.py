"""The clips of a film as files."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from phonofilm.data.ingest.cutting import Kept, cut
from phonofilm.data.ingest.recipe import Pack
from phonofilm.data.ingest.scan import Film, Scan, scan
from phonofilm.data.ingest.split import Scanned, Split, split
from phonofilm.media.clip import Clip
from phonofilm.media.digest import file_sha256


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
