"""What FFmpeg's errors are taken for."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import av
import pytest

from phonofilm.errors import MediaError, OutOfMemoryError
from phonofilm.media.decoders import Program
from phonofilm.media.faults import fault
from phonofilm.media.probe import probe
from tests.media.test_cut import lively, write


@pytest.mark.parametrize("number", [errno.ENOMEM, errno.EAGAIN])
def test_a_want_of_memory_is_no_fault_of_the_film(number: int) -> None:
    error = fault(av.error.FFmpegError(number, os.strerror(number)), "damaged")
    assert isinstance(error, OutOfMemoryError)
    assert isinstance(error, MemoryError)
    assert not isinstance(error, MediaError)


def test_other_errors_are_the_film_s() -> None:
    error = fault(av.error.InvalidDataError(1094995529, "Invalid data"), "damaged")
    assert isinstance(error, MediaError)
    assert str(error) == "damaged"


@pytest.mark.parametrize("swallowed", [False, True])
def test_a_program_without_memory_is_told_from_a_damaged_film(tmp_path: Path, swallowed: bool) -> None:
    film = probe(write(lively(), tmp_path / "film.mkv"))
    assert film.video is not None
    program = tmp_path / "ffmpeg"
    program.chmod(stat.S_IRWXU) if program.exists() else program.touch(stat.S_IRWXU)
    for said, expected in (("get_buffer() failed", OutOfMemoryError), ("Invalid data", MediaError)):
        program.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit {0 if swallowed else 1}\n")
        with pytest.raises(expected):
            list(Program(program).pictures(film, film.video, (8, 8), film.origin, None))


def test_a_program_that_hangs_ends_by_itself_at_last(tmp_path: Path) -> None:
    """Nobody else ends it, if who started it was killed."""
    film = probe(write(lively(), tmp_path / "film.mkv"))
    assert film.video is not None
    program = tmp_path / "ffmpeg"
    program.write_text(f'#!/bin/sh\necho "$*" > {tmp_path}/words\nexit 1\n')
    program.chmod(stat.S_IRWXU)
    with pytest.raises(MediaError):
        list(Program(program).pictures(film, film.video, (8, 8), film.origin, None))
    assert " -timelimit 3600 " in (tmp_path / "words").read_text()
