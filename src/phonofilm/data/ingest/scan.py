"""The first stage: what each file is, from its bytes, its header and the first frame of each stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import AudioTrack, Failure, Row, SourceRow, VideoTrack
from phonofilm.data.ingest.stage import Stage
from phonofilm.errors import MediaError, UnsupportedMediaError
from phonofilm.media.digest import file_sha256, sha256
from phonofilm.media.probe import AudioInfo, MediaInfo, VideoInfo, probe
from phonofilm.media.source import film_streams, opened
from phonofilm.shapes import sample_of

_NAMES = (
    "3g2 3gp asf avi divx dv f4v flv m2t m2ts m2v m4v mkv mov mp4 mpeg mpg mts mxf nut ogv qt rm rmvb ts vob webm wmv"
)
SUFFIXES = frozenset(f".{name}" for name in _NAMES.split())
"""Files that are looked at; others beside them (captions, lists, thumbnails) are no films."""


class Scan(Row):
    """Settings of the stage.

    Attributes:
        silent: films without a stream of sound are used too.
    """

    silent: bool = False


@dataclass(frozen=True)
class Film:
    """A file to be scanned.

    Attributes:
        folder: that is prepared.
        path: relative to it, with forward slashes.
    """

    folder: Path
    path: str

    @property
    def place(self) -> Path:
        """Where it is."""
        return self.folder / self.path

    @property
    def size(self) -> int:
        """Its bytes; 0 if it is not there."""
        try:
            return self.place.stat().st_size
        except OSError:
            return 0

    @property
    def job(self) -> str:
        """A name that changes with the file, as far as its size and date tell; a file that is not there has neither."""
        try:
            told = self.place.stat()
            state = f"{told.st_size} {told.st_mtime_ns}"
        except OSError:
            state = "not there"
        return sha256(f"{self.path} {state}".encode(errors="surrogateescape"))[:16]


def films(folder: Path) -> Iterator[Film]:
    """The films of a folder and of those below it, links to folders too, in the order of their names.

    Raises:
        MediaError: if there is no such folder, or no film in it, or one below it cannot be listed.
    """
    if not folder.is_dir():
        raise MediaError(f"{folder} is no folder: name the folder of the films")
    paths = sorted(p.relative_to(folder).as_posix() for p in _files(folder) if p.suffix.lower() in SUFFIXES)
    if not paths:
        raise MediaError(f"{folder} holds no films ({', '.join(sorted(SUFFIXES))}): name another folder")
    yield from (Film(folder, path) for path in paths)


def other_films(folder: Path, before: Path) -> bool:
    """Whether a folder is not the one before, which still holds films: it was neither moved nor emptied."""
    if before == folder.resolve() or not before.is_dir():
        return False
    return any(path.suffix.lower() in SUFFIXES for path in _files(before))


def unscanned(paths: Sequence[str], folder: Path, work: Path, settings: Scan) -> MediaError:
    """Films were added or changed since the scan, or it did not end."""
    told = ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
    silent = " --silent" if settings.silent else ""
    return MediaError(
        f"films are new or changed since the scan, or it did not end: {told}: "
        f"run phonofilm prepare scan {folder} -o {work}{silent}"
    )


def row_of(film: Film, result: Sequence[SourceRow] | Failure) -> SourceRow:
    """What is known of a film, scanned or failed."""
    if isinstance(result, Failure):
        return SourceRow(path=film.path, size=film.size, reason=result.reason, message=result.message)
    (row,) = result
    return row


def without_duplicates(rows: Sequence[SourceRow]) -> tuple[SourceRow, ...]:
    """The same; of films with the same bytes the first alone is used."""
    first: dict[str, str] = {}
    kept = []
    for row in rows:
        earlier = first.setdefault(row.sha256, row.path) if row.reason is None else row.path
        if earlier != row.path:
            row = row.model_copy(update={"reason": Reason.DUPLICATE, "message": f"the same bytes as {earlier}"})
        kept.append(row)
    return tuple(kept)


def _files(folder: Path) -> Iterator[Path]:
    """Everything below a folder; a folder that several names lead to is entered once, by the shortest, first name."""
    seen, level = {_identity(folder)}, [folder]
    while level:
        inner: list[Path] = []
        for entry in sorted(entry for one in level for entry in _entries(one)):
            if not entry.is_dir():
                yield entry
            elif _identity(entry) not in seen:
                seen.add(_identity(entry))
                inner.append(entry)
        level = inner


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise MediaError(f"{folder} cannot be listed ({error.strerror}): check its permissions") from error


def _identity(folder: Path) -> tuple[int, int]:
    told = folder.stat()
    return told.st_dev, told.st_ino


def scanning(settings: Scan) -> Stage[SourceRow]:
    """The stage with these settings."""
    return Stage("scan", 1, SourceRow, scan, settings)


def scan(settings: Scan, film: Film) -> list[SourceRow]:
    """One row, whatever the file is."""
    place = film.place
    row = SourceRow(path=film.path.encode(errors="surrogateescape").decode(errors="backslashreplace"), size=0)
    if row.path != film.path:
        return [_left_out(row, Reason.UNREADABLE, "its name is not UTF-8: rename it")]
    try:
        row = row.model_copy(update={"size": place.stat().st_size, "sha256": file_sha256(place)})
        row = row.model_copy(update=_described(probe(place)))
    except UnsupportedMediaError as error:
        return [_left_out(row, Reason.UNSUPPORTED, str(error))]
    except (MediaError, OSError) as error:
        return [_left_out(row, Reason.UNREADABLE, str(error))]
    if row.video is None:
        return [_left_out(row, Reason.NO_VIDEO, "it has no picture")]
    if row.audio is None and not settings.silent:
        return [_left_out(row, Reason.NO_AUDIO, "it has no sound; films without it are used with silent: true")]
    return [row]


def _described(info: MediaInfo) -> dict[str, object]:
    """What a scan tells of a film that can be read."""
    return {
        "container": info.container,
        "origin": info.origin,
        "video": info.video and _video_track(info, info.video),
        "audio": info.audio and _audio_track(info.audio),
    }


def _video_track(info: MediaInfo, video: VideoInfo) -> VideoTrack:
    with opened(info.path) as container:
        time_base = film_streams(container).video.time_base
    return VideoTrack(
        codec=video.codec,
        height=video.height,
        width=video.width,
        fps=video.fps,
        time_base=time_base,
        quarter_turns=video.quarter_turns,
        pixel_aspect=video.pixel_aspect,
    )


def _audio_track(audio: AudioInfo) -> AudioTrack:
    return AudioTrack(
        codec=audio.codec,
        sample_rate=audio.sample_rate,
        speakers=audio.speakers,
        first_sample=sample_of(audio.start, audio.sample_rate),
    )


def _left_out(row: SourceRow, reason: Reason, message: str) -> SourceRow:
    return row.model_copy(update={"reason": reason, "message": message})
