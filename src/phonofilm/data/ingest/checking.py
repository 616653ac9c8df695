"""Clips that were cut, decoded again and found in their films: is every picture and sample where it was?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from socket import gethostname

from phonofilm.data.ingest.cutting import Kept
from phonofilm.data.ingest.recipe import Pack
from phonofilm.data.ingest.rows import Row
from phonofilm.data.ingest.stage import Stage
from phonofilm.errors import SettingError
from phonofilm.media.decoders import Decoder, Library, Program
from phonofilm.media.digest import file_sha256
from phonofilm.media.verify import verify
from phonofilm.pair import AV

VERSION = 1


class DecoderName(str, Enum):
    """What decodes."""

    LIBRARY = "library"
    """The one that cut them, PyAV."""
    PROGRAM = "program"
    """The FFmpeg program of imageio-ffmpeg, a build of its own."""

    def make(self) -> Decoder:
        """The decoder."""
        return Library() if self is DecoderName.LIBRARY else Program()

    @property
    def build(self) -> str:
        """Digest of the program; nothing for the library, whose version every stage's key holds.

        Raises:
            MediaError: if the program is not installed.
        """
        return "" if self is DecoderName.LIBRARY else _digest(Path(Program().file))


class Checking(Row):
    """Settings of the stage.

    Attributes:
        pack: the form that clips were cut in.
        decoder: that looks at them.
        build: of the decoder, see :attr:`DecoderName.build`.
    """

    pack: Pack
    decoder: DecoderName
    build: str = ""


class CheckRow(Row):
    """What was found of one clip.

    Attributes:
        clip_id: which.
        picture, sound: by how much they begin late, in ms; ``None`` where that cannot be judged.
        doubt: why not, of picture and sound.
        skew: sound minus picture, in ms.
        faults: what is wrong, each in a few words.
    """

    clip_id: str
    picture: float | None
    sound: float | None
    doubt: tuple[str, str]
    skew: float | None
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Summary:
    """Of all clips.

    Attributes:
        clips: their number.
        judged: of them, those whose skew could be measured.
        worst: largest skew of these, in ms; ``None`` if there are none.
        faulty: clips with a fault, with what is wrong.
    """

    clips: int
    judged: int
    worst: float | None
    faulty: dict[str, tuple[str, ...]]


def checking(settings: Checking, above: str) -> Stage[CheckRow]:
    """The stage with these settings and the decoder that is installed, on what the stage ``above`` cut.

    Raises:
        MediaError: if that decoder is not there.
    """
    exact = settings.model_copy(update={"build": settings.decoder.build})
    return Stage("verify", VERSION, CheckRow, check, exact, above, libraries=("numpy", "scipy", "soxr"))


def check(settings: Checking, film: Kept) -> list[CheckRow]:
    """A row for each clip.

    Raises:
        MediaError: if a clip or the film cannot be decoded, or the decoder is not there.
        SettingError: if this machine of a cluster has another decoder than the one that asked.
    """
    if settings.decoder.build != settings.build:
        raise SettingError(
            f"{gethostname()} has another build of the second decoder: install the same imageio-ffmpeg everywhere"
        )
    decoder, form = settings.decoder.make(), settings.pack.form
    rows = []
    for clip in film.clips:
        verdict = verify(film.file(clip.clip_id), film.place, clip.span, form, decoder)
        late = verdict.found.map(lambda found: None if found.error is None else 1000 * found.error)
        doubt = AV(*(found.doubt.value if found.doubt else "" for found in verdict.found))
        skew = None if verdict.skew is None else 1000 * verdict.skew
        rows.append(
            CheckRow(
                clip_id=clip.clip_id,
                picture=late.video,
                sound=late.audio,
                doubt=(doubt.video, doubt.audio),
                skew=skew,
                faults=verdict.faults,
            )
        )
    return rows


@cache
def _digest(program: Path) -> str:
    return file_sha256(program)


def summary(rows: list[CheckRow]) -> Summary:
    """All of them together."""
    skews = [abs(row.skew) for row in rows if row.skew is not None]
    return Summary(
        len(rows), len(skews), max(skews, default=None), {row.clip_id: row.faults for row in rows if row.faults}
    )
