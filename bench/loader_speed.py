"""How many two-second 64x64 clips a second the loader gives: from packed latents, and decoded from packed films.

Beside them the same files read plainly: one after the other in the shard's order, each opened by name, without index,
order, digest or batch. CPU time of this one-threaded process and wall time, medians over repeats.

    python bench/loader_speed.py --count 400 --repeats 5
"""

from __future__ import annotations

import argparse
import statistics
import tarfile
import tempfile
import time
from pathlib import Path

import _results
import torch
from safetensors.torch import load_file

from phonofilm import models
from phonofilm.data.clapperboard import render, sample_scene
from phonofilm.data.packed.encode import encode
from phonofilm.data.packed.folder import Packed
from phonofilm.data.packed.loader import Loader
from phonofilm.data.packed.rows import PackedClip, PackedPictures, PackedSound
from phonofilm.data.packed.shards import Sample, pack, shard_order
from phonofilm.data.packed.windows import ClipWindows, Cutting
from phonofilm.media import read
from phonofilm.media.span import Span
from phonofilm.media.write import film_bytes

MODEL = "svg-tiny"
DISTINCT = 16  # films are drawn once and packed under many names: drawing is not what is measured
SHARD_BYTES = 4 << 20


def samples(shape, count):
    """Clips of few scenes under many names, in the order in which they are packed."""
    scenes = [sample_scene(seed, seconds=shape.seconds) for seed in range(DISTINCT)]
    films = [film_bytes(render(scene, shape), Path("clip.mp4")) for scene in scenes]
    keys = sorted((f"clip{number}" for number in range(count)), key=shard_order)
    return [Sample(described(key, scenes[i % DISTINCT], shape), films[i % DISTINCT]) for i, key in enumerate(keys)]


def described(key, scene, shape):
    """The row of a clip."""
    return PackedClip(
        clip_id=key,
        source_id="clapperboard",
        span=Span(0, shape.frames, shape.frames, 0, shape.samples),
        caption=scene.caption,
        video=PackedPictures(
            frames=shape.frames, fps=shape.fps, seconds=shape.seconds, height=shape.height, width=shape.width
        ),
        audio=PackedSound(samples=shape.samples, sample_rate=shape.sample_rate, channels=shape.channels),
    )


def rate(work, count, repeats):
    """Clips a CPU second and a wall second of ``work``: medians over repeats, after one to warm up."""
    work()
    cpu, wall = [], []
    for _ in range(repeats):
        began, start = time.process_time(), time.perf_counter()
        work()
        cpu.append(time.process_time() - began)
        wall.append(time.perf_counter() - start)
    return {"a CPU second": count / statistics.median(cpu), "a wall second": count / statistics.median(wall)}


def exhaust(loader):
    """Every batch of an epoch."""
    return sum(len(batch) for batch in loader)


def measure(folder, options):
    """All rates."""
    model = models.load(MODEL)
    shape, cutting = model.shape, Cutting(model.shape)
    packed = samples(shape, options.count)
    pack(packed, folder / "packed", shard_bytes=SHARD_BYTES)
    latents = encode(ClipWindows(Packed(folder / "packed"), cutting), model.codec)
    plain = folder / "plain"
    plain.mkdir()
    for one in packed[: options.films]:
        (plain / f"{one.clip.clip_id}.mp4").write_bytes(one.film)
    for shard in latents.glob("*.tar"):
        with tarfile.open(shard) as tar:
            tar.extractall(plain, filter="data")
    few = Packed(folder / "packed")
    few.table = few.table.slice(0, options.films)
    names = sorted(plain.glob("*.safetensors"))
    films = sorted(plain.glob("*.mp4"))
    wanted = {
        "seconds": shape.seconds,
        "fps": shape.fps,
        "sample_rate": shape.sample_rate,
        "channels": 1,
        "size": (shape.height, shape.width),
    }
    return {
        "clips": options.count,
        "clips of films": options.films,
        "batch": options.batch,
        "packed latents": rate(
            lambda: exhaust(Loader.open(folder / "packed", latents=latents.name, batch=options.batch)),
            options.count,
            options.repeats,
        ),
        "plain latents, a file a clip": rate(
            lambda: [load_file(name) for name in names], options.count, options.repeats
        ),
        "packed films": rate(
            lambda: exhaust(Loader(ClipWindows(few, cutting), options.batch)), options.films, options.repeats
        ),
        "plain films, a file a clip": rate(
            lambda: [read(film, **wanted) for film in films], options.films, options.repeats
        ),
    }


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=400, help="clips of latents")
    parser.add_argument("--films", type=int, default=48, help="clips that are decoded")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=5)
    _results.add_write(parser)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), options)
    note = (
        "Clips of svg-tiny's shape (2 s, 64x64 at 8 frames a second, 16 kHz), one process without helping ones, files "
        "in the system's cache; the packed side opens the index, orders, checks every digest and makes batches."
    )
    _results.publish("loader-speed", "Reading packed clips", note, result, options.write)


if __name__ == "__main__":
    main()
