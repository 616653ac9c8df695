"""What a codec costs, and its vocoder beside Griffin-Lim, on held-out Clapperboard clips.

    python bench/codec_report.py CODEC_FOLDER [--model svg-tiny] [--clips 256] [--real FOLDER_OF_FILMS]

Clips have the length, frame rate and size of those that the named model makes. Prints JSON: each number with its 95 %
bootstrap interval (over clips), the number of values and of clips. ``codec`` is the whole way there and back;
``vocoder`` and ``griffin_lim`` start from the true log-mel, ``*_coded`` from the log-mel that the mel autoencoder
gives back. Times are medians over repeats on one thread. ``--real`` names every file that was left out, and why.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import _results
import numpy as np
import torch
from torch import Tensor

from phonofilm.codecs import load
from phonofilm.codecs.audio_vae import AudioVae
from phonofilm.codecs.base import both
from phonofilm.codecs.griffin_lim import griffin_lim
from phonofilm.codecs.report import codec_report, sound_report
from phonofilm.data.clapperboard import HELD_OUT, render, sample_scene
from phonofilm.errors import MediaError
from phonofilm.estimate import Estimate
from phonofilm.media.clip import Clip
from phonofilm.media.read import read
from phonofilm.models import catalogue
from phonofilm.shapes import ClipShape

REPEATS = 7


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("codec", type=Path)
    parser.add_argument("--model", default="svg-tiny", choices=sorted(catalogue()), help="whose clips to measure on")
    parser.add_argument("--clips", type=int, default=256)
    parser.add_argument("--first-seed", type=int, default=HELD_OUT)
    parser.add_argument("--real", type=Path, help="folder of films; the beginning of each, scaled to the model's size")
    _results.add_write(parser)
    given = parser.parse_args()
    torch.set_num_threads(1)
    codec, shape = load(given.codec), clip_shape(given.model)
    seeds = range(given.first_seed, given.first_seed + given.clips)
    clips = [render(sample_scene(seed, seconds=shape.seconds), shape) for seed in seeds]
    result: dict[str, Any] = {
        "command": _results.command(),
        "clips": given.clips,
        "shape": {name: str(value) for name, value in asdict(shape).items()},
        "codec": plain(codec_report(codec, clips)),
    }
    if isinstance(codec.audio, AudioVae):
        result |= vocoders(codec.audio, [both(clip).audio[0] for clip in clips])
    result["decode_4_clips_seconds"] = timed(lambda: codec.decode(codec.encode(clips[:4]), shape)) - timed(
        lambda: codec.encode(clips[:4])
    )
    if given.real:
        films, skipped = real_clips(given.real, shape)
        result["real"] = {"clips": len(films), "codec": plain(codec_report(codec, films)), "skipped": skipped}
    note = (
        "Held-out Clapperboard clips; in brackets 95 % bootstrap intervals over clips; times on one thread. Loud bins "
        "are those of the original above -4: a vocoder may be right on the many quiet ones and wrong there."
    )
    _results.publish("codec", "What the codec costs", note, result, given.write)


def clip_shape(model: str) -> ClipShape:
    """The clips that a model makes."""
    entry = catalogue()[model]
    return entry.family.presets[entry.size].shape


def vocoders(audio: AudioVae, sounds: list[np.ndarray]) -> dict[str, Any]:
    """Vocoder and Griffin-Lim from true and from coded log-mels."""
    with torch.no_grad():
        true = audio.log_mel(torch.from_numpy(np.stack(sounds)))
        coded = torch.cat([audio.mel_vae.decode(audio.mel_vae.encode(piece)) for piece in true.split(8)])
    generator = torch.Generator().manual_seed(0)
    ways: dict[str, Callable[[Tensor], Tensor]] = {
        "vocoder": audio.vocoder,
        "griffin_lim": lambda mel: griffin_lim(mel, generator, 32),
    }
    return {
        name + suffix: plain(sound_report(sounds, list(run(way, mels))))
        for name, way in ways.items()
        for suffix, mels in (("", true), ("_coded", coded))
    }


@torch.no_grad()
def run(way: Callable[[Tensor], Tensor], mels: Tensor) -> np.ndarray:
    """Sound of log-mels, in pieces."""
    return torch.cat([way(piece) for piece in mels.split(8)]).clamp(-1, 1).numpy()


def real_clips(folder: Path, shape: ClipShape) -> tuple[list[Clip], dict[str, str]]:
    """The beginning of every film that has picture and sound and is long enough, in that shape; why not, of others."""
    clips: list[Clip] = []
    skipped: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        try:
            clip = read(
                path, seconds=shape.seconds, fps=shape.fps, sample_rate=shape.sample_rate, channels=shape.channels,
                size=(shape.height, shape.width), video=True, audio=True,
            )  # fmt: skip
        except MediaError as error:  # not a film, or one without picture or sound
            skipped[path.name] = str(error)
            continue
        if clip.shape == shape:
            clips.append(clip)
        else:
            skipped[path.name] = f"shorter than {float(shape.seconds):g} s"
    return clips, skipped


def timed(call: Callable[[], Any]) -> float:
    """Median seconds of a call."""
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def plain(report: dict[str, Estimate]) -> dict[str, Any]:
    """Estimates as dictionaries."""
    return {name: asdict(value) for name, value in report.items()}


if __name__ == "__main__":
    main()
