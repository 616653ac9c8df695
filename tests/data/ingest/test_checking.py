"""The key of what a decoder found: another build of it may find something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from phonofilm.data.ingest.checking import Checking, DecoderName, check, checking
from phonofilm.data.ingest.cutting import Kept
from phonofilm.data.ingest.recipe import Pack
from phonofilm.errors import SettingError
from tests.data.ingest.films import source


def key(decoder: DecoderName) -> str:
    return checking(Checking(pack=Pack(), decoder=decoder), "above").key


def test_another_program_gives_another_key_and_leaves_the_library_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: key(name) for name in DecoderName}
    program = tmp_path / "ffmpeg"
    program.write_bytes(b"another build")
    program.chmod(0o700)
    monkeypatch.setattr("phonofilm.media.decoders.Program.file", str(program))
    assert key(DecoderName.LIBRARY) == before[DecoderName.LIBRARY]
    assert key(DecoderName.PROGRAM) != before[DecoderName.PROGRAM]


def test_a_machine_with_another_program_finds_nothing(tmp_path: Path) -> None:
    settings = Checking(pack=Pack(), decoder=DecoderName.PROGRAM, build="another")
    with pytest.raises(SettingError, match="another build of the second decoder"):
        check(settings, Kept(tmp_path / "film.mp4", source("film.mp4"), (), tmp_path))
