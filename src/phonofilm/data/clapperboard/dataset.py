"""Scenes as films on disk, with a manifest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from phonofilm.data.clapperboard.render import render
from phonofilm.data.clapperboard.scenes import VERSION, Scene, sample_scene
from phonofilm.data.manifest import NAME, Record, read_manifest, read_rows
from phonofilm.errors import MediaError, SettingError
from phonofilm.media.atomic import make_folder
from phonofilm.media.digest import file_sha256
from phonofilm.media.write import write
from phonofilm.shapes import ClipShape

UNFINISHED = NAME + ".part"
LONGEST = 60
"""Seconds: a scene holds a few seconds of action, and a film is in memory whole while it is made."""


def write_dataset(
    directory: str | Path,
    count: int,
    shape: ClipShape,
    *,
    first_seed: int = 0,
    lossless: bool = False,
    progress: Callable[[int, int], None] | None = None,
    force: bool = False,
) -> Path:
    """Write ``count`` scenes as films, and ``manifest.jsonl``, which appears when all of them are there.

    Called again after an interruption, or with a larger ``count``, it goes on where it stopped; films that are
    already there and unharmed are not made again.

    Args:
        directory: made if absent; must be empty or an earlier run's.
        count: number of films, of the seeds from ``first_seed`` on.
        shape: of every film.
        first_seed: first seed; from ``HELD_OUT`` on for evaluation.
        lossless: keep frames and samples bit for bit; see :func:`phonofilm.media.write.write`.
        progress: told (films done, films in all).
        force: replace what is there: films of an earlier run are deleted first.

    Returns:
        Path of the manifest.

    Raises:
        SettingError: for a count below 1, or a shape or seed that no scene can have.
        MediaError: for a folder that holds anything else, be it other scenes, or a disk that is full.
    """
    if count < 1:
        raise SettingError(f"the number of scenes is {count}: choose 1 or more")
    # Whatever no scene can be is refused before the folder is touched.
    sample_scene(first_seed, seconds=shape.seconds, sample_rate=shape.sample_rate)
    _ = shape.frames, shape.samples
    if shape.seconds > LONGEST:
        raise SettingError(f"a film of a scene lasts at most {LONGEST} s, not {shape.seconds}: choose fewer seconds")
    seeds, fresh = range(first_seed, first_seed + count), not Path(directory).exists()
    folder = _claim(Path(directory), force=force)
    if force:
        _clear(folder)
    done = {record.seed: record for record in _earlier(folder)}
    _check_same_run(folder, list(done.values()), seeds, shape, lossless)
    unfinished = folder / UNFINISHED
    records: list[Record] = []
    try:
        unfinished.write_text("".join(map(_line, done.values())), encoding="utf-8")
        with unfinished.open("a", encoding="utf-8") as log:
            for seed in seeds:
                records.append(_film(folder, seed, shape, lossless, done.get(seed)))
                if records[-1] is not done.get(seed):
                    log.write(_line(records[-1]))
                    log.flush()
                if progress is not None:
                    progress(len(records), count)
        unfinished.write_text("".join(map(_line, records)), encoding="utf-8")
        return unfinished.replace(folder / NAME)
    except OSError as error:
        raise MediaError(f"cannot write in {folder} ({error.strerror}): free some space or choose another") from error
    finally:
        _leave_nothing_empty(folder, fresh)


def _leave_nothing_empty(folder: Path, fresh: bool) -> None:
    """Take away what a run without a single film left."""
    unfinished = folder / UNFINISHED
    if unfinished.exists() and not unfinished.stat().st_size:
        unfinished.unlink()
    if fresh and not any(folder.iterdir()):
        folder.rmdir()


def _clear(folder: Path) -> None:
    """Delete what earlier runs wrote, and nothing else."""
    listings = [folder / name for name in (NAME, UNFINISHED) if (folder / name).exists()]
    films = [path for path in folder.glob("*.mp4") if len(path.stem) >= 10 and path.stem.isdigit()] if listings else []
    for path in (*films, *listings):
        path.unlink()


def _check_same_run(folder: Path, earlier: list[Record], seeds: range, shape: ClipShape, lossless: bool) -> None:
    """See that films which are there already are among those wanted, before anything is touched.

    Raises:
        MediaError: if they are not.
    """
    if any((record.shape, record.lossless, record.version) != (shape, lossless, VERSION) for record in earlier):
        raise MediaError(f"{folder} holds scenes of other settings: choose another folder, or use --force")
    there = [record.seed for record in earlier]
    if any(seed not in seeds for seed in there):
        first, count = min(there), max(there) - min(there) + 1
        raise MediaError(
            f"{folder} holds scenes from seed {first} on: continue them with --seed {first} --count {count} or more, "
            "choose another folder, or use --force"
        )


def _claim(folder: Path, *, force: bool) -> Path:
    """The folder, made if absent.

    Raises:
        MediaError: if it cannot be made, or holds what no earlier run wrote.
    """
    make_folder(folder)
    ours = any((folder / name).exists() for name in (NAME, UNFINISHED))
    if not force and not ours and any(folder.iterdir()):
        raise MediaError(f"{folder} is not empty and has no manifest: choose another folder, or use --force")
    return folder


def _earlier(folder: Path) -> list[Record]:
    """Records of earlier runs, the finished one's and then those of an interrupted one but for a torn last line."""
    records = read_manifest(folder) if (folder / NAME).exists() else []
    unfinished = folder / UNFINISHED
    if unfinished.exists():
        whole = unfinished.read_bytes().rpartition(b"\n")[0]
        unfinished.write_bytes(whole + b"\n" if whole else b"")
        records += read_rows(unfinished)
    return records


def describe(scene: Scene, shape: ClipShape, *, file: str, lossless: bool, sha256: str) -> Record:
    """The manifest's record of a scene as a film of ``shape``."""
    return Record(
        file=file,
        caption=scene.caption,
        seed=scene.seed,
        kind=scene.kind,
        material=scene.material,
        events=scene.events_in(shape),
        fps=shape.fps,
        height=shape.height,
        width=shape.width,
        frames=shape.frames,
        sample_rate=shape.sample_rate,
        channels=shape.channels,
        samples=shape.samples,
        lossless=lossless,
        sha256=sha256,
        version=VERSION,
    )


def _film(folder: Path, seed: int, shape: ClipShape, lossless: bool, earlier: Record | None) -> Record:
    """The record of one film, which is made unless it is there already.

    Raises:
        MediaError: if it was made with other settings.
    """
    scene = sample_scene(seed, seconds=shape.seconds, sample_rate=shape.sample_rate)
    path = folder / f"{seed:010d}.mp4"
    if earlier is not None:
        if earlier != describe(scene, shape, file=path.name, lossless=lossless, sha256=earlier.sha256):
            raise MediaError(f"{folder} holds scenes of other settings: choose another folder, or use --force")
        if path.exists() and file_sha256(path) == earlier.sha256:
            return earlier
    write(render(scene, shape), path, lossless=lossless, force=True)
    return describe(scene, shape, file=path.name, lossless=lossless, sha256=file_sha256(path))


def _line(record: Record) -> str:
    return json.dumps(record.to_json(), ensure_ascii=False) + "\n"
