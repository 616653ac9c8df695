"""The first stage: what each file is, from its bytes, its header and the first frame of each stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from phonofilm.data.ingest.ownership import check_outside
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import AudioTrack, Failure, Row, SourceRow, VideoTrack
from phonofilm.data.ingest.stage import Parts, Stage
from phonofilm.errors import MediaError, UnsupportedMediaError
from phonofilm.media.digest import file_sha256, sha256
from phonofilm.media.probe import AudioInfo, MediaInfo, VideoInfo, probe
from phonofilm.media.source import film_streams, opened
from phonofilm.shapes import sample_of

_NAMES = (
    "3g2 3gp 3gpp amv asf avi divx dv f4v flv gxf ismv m1v m2p m2t m2ts m2v m4v mk3d mkv mov mp4 mp4v mpe mpeg mpg mpv "
    "mts mxf nut ogm ogv qt rm rmvb trp ts vob webm wmv wtv"
)
SUFFIXES = frozenset(f".{name}" for name in _NAMES.split())
"""Files that are looked at."""
_BESIDE = (
    "ass bmp csv db gif htm html ini jpeg jpg json jsonl log lrc md md5 nfo parquet pdf png sha256 srt ssa sub tif "
    "tiff toml tsv txt vtt webp xml yaml yml"
)
BESIDE = frozenset(f".{name}" for name in _BESIDE.split())
"""Captions, lists, thumbnails: what lies beside films and is plainly none."""


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
    paths = sorted(p.relative_to(folder).as_posix() for p in _files(folder) if _is_film(p))
    if not paths:
        raise MediaError(f"{folder} holds no films ({', '.join(sorted(SUFFIXES))}): name another folder")
    yield from (Film(folder, path) for path in paths)


def others(folder: Path) -> list[str]:
    """Files that are neither looked at nor plainly no films, nor hidden; in the order of their names."""
    paths = (path.relative_to(folder) for path in _files(folder) if not _is_film(path))
    unknown = (path for path in paths if path.suffix.lower() not in BESIDE)
    return sorted(path.as_posix() for path in unknown if not any(part.startswith(".") for part in path.parts))


def check_places(folder: Path, work: Path) -> None:
    """Object to a folder of films, or to a work folder for them, before anything is written.

    Raises:
        MediaError: see :func:`films`; or if the work folder lies among the films.
    """
    check_outside(work, folder, "work")
    _ = list(films(folder))


def other_films(folder: Path, before: Path) -> bool:
    """Whether a folder is not the one before, which still holds films: it was neither moved nor emptied."""
    if before == folder.resolve() or not before.is_dir():
        return False
    return any(map(_is_film, _files(before)))


def unscanned(new: Sequence[str], gone: Sequence[str], folder: Path, work: Path, settings: Scan) -> MediaError:
    """Films were added, changed or taken away since the scan, or it did not end."""
    told = [f"new or changed since the scan, or it did not end: {_some(new)}"] if new else []
    told += [f"{'gone' if new else 'gone since the scan'}: {_some(gone)}"] if gone else []
    return MediaError(f"films are {'; '.join(told)}: run {_command(folder, work, settings)}")


def deleted(gone: Sequence[str], folder: Path, work: Path, settings: Scan) -> MediaError:
    """Films that a command for all stages would silently leave out of what it replaces."""
    return MediaError(
        f"films are gone since the scan: {_some(gone)}: put them back, or go on without them with --force "
        f"or after {_command(folder, work, settings)}"
    )


def _command(folder: Path, work: Path, settings: Scan) -> str:
    return f"phonofilm prepare scan {folder} -o {work}{' --silent' if settings.silent else ''}"


def _some(paths: Sequence[str]) -> str:
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


def gone(folder: Path, parts: Parts[SourceRow], jobs: Iterable[str]) -> dict[str, str]:
    """The films that a scan could use and that are not there any more: their paths by the jobs that scanned them.

    Args:
        folder: of the films.
        parts: of the scan.
        jobs: of the films that are there.
    """
    found = {job: parts.result(job) for job in parts.strange(jobs)}
    rows = {job: row for job, result in found.items() if not isinstance(result, Failure) for row in result}
    there = {job: row.path for job, row in rows.items() if row.reason is None}
    return {job: path for job, path in there.items() if not (folder / path).exists()}


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


def copies_of(rows: Iterable[SourceRow]) -> dict[str, tuple[str, ...]]:
    """The films that were left out as duplicates, by the id of the one that is used."""
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        if row.reason is Reason.DUPLICATE:
            found[row.source_id] = (*found.get(row.source_id, ()), row.path)
    return found


def _is_film(path: Path) -> bool:
    """By its name; macOS keeps notes on ``a.mp4`` in ``._a.mp4`` on disks of others."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith("._")


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
    if place.is_symlink() and not place.exists():
        return [_left_out(row, Reason.UNREADABLE, f"it is a link to {place.readlink()}, which is not there")]
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
        return [_left_out(row, Reason.NO_AUDIO, "it has no sound; films without it are used with scan --silent")]
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
