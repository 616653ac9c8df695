"""Films that the scripts here measure with: test pictures by FFmpeg, and long films of Clapperboard scenes."""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np

from phonofilm.data.clapperboard import render, sample_scene
from phonofilm.media.clip_file import ClipFile, Pictures, Sound
from phonofilm.media.write import container_for
from phonofilm.pair import AV
from phonofilm.shapes import ClipShape

FFMPEG = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", "-threads", "1"]


@dataclass(frozen=True)
class Making:
    """What a film of test pictures and noise is made as.

    Attributes:
        suffix: of its file.
        size: WIDTHxHEIGHT.
        fps: as FFmpeg writes it.
        sample_rate: of its sound.
        coding: FFmpeg's words for the codecs.
    """

    suffix: str
    size: str
    fps: str
    sample_rate: int
    coding: str


def make_film(path: Path, making: Making, seconds: float) -> Path:
    """A moving test picture with noise, and noise on two channels.

    Raises:
        CalledProcessError: if FFmpeg's program cannot.
    """
    picture = f"testsrc2=size={making.size}:rate={making.fps}:duration={seconds},noise=alls=6:allf=t"
    sound = f"anoisesrc=duration={seconds}:sample_rate={making.sample_rate}:amplitude=0.2:seed=1"
    inputs = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
    coding = ["-pix_fmt", "yuv420p", "-ac", "2", "-threads", "1", *making.coding.split()]
    subprocess.run([*FFMPEG, *inputs, *coding, str(path)], check=True)
    return path


@dataclass(frozen=True)
class LongForm:
    """What a long film is made as; a scene of ``frames`` pictures has a whole number of samples."""

    suffix: str
    fps: Fraction
    sample_rate: int
    frames: int

    @property
    def shape(self) -> ClipShape:
        """Of a scene."""
        return ClipShape(self.frames / self.fps, self.fps, *SIZE, self.sample_rate)


SIZE = (90, 160)
SCENES = 24
"""Scenes that a long film has; they come again and again, in an order drawn for each pass."""
LONG_FORMS = (
    LongForm(".mp4", Fraction(24000, 1001), 48000, 96),
    LongForm(".mkv", Fraction(25), 44100, 100),
    LongForm(".mov", Fraction(30), 48000, 120),
    LongForm(".mp4", Fraction(24), 44100, 96),
)


def make_long_film(path: Path, form: LongForm, seconds: Fraction, seed: int) -> Path:
    """A film of Clapperboard scenes of about four seconds, written as it is made; it appears whole or not at all."""
    scenes = [_scene(seed * SCENES + number, form) for number in range(SCENES)]
    container = container_for(path, lossless=False)
    quick = replace(container.coding.video, options={"preset": "ultrafast", "crf": "20", "bf": "0"})
    film = ClipFile(
        path,
        replace(container, coding=AV(quick, container.coding.audio)),
        Pictures(SIZE, form.fps, 1 / form.fps),
        Sound(1, form.sample_rate),
    )
    try:
        for number, (pictures, sound) in enumerate(_drawn(scenes, round(seconds / form.shape.seconds), seed)):
            for index, pixels in enumerate(pictures):
                frame = av.VideoFrame.from_ndarray(pixels, format="yuv420p")
                film.add_picture(frame, number * form.frames + index, 1)
            film.add_sound(sound)
        film.finish()
    finally:
        film.discard()
    return path


def _scene(seed: int, form: LongForm) -> tuple[list[np.ndarray], np.ndarray]:
    """Pictures in H.264's pixels, and sound."""
    clip = render(sample_scene(seed, seconds=form.shape.seconds), form.shape)
    assert clip.frames is not None and clip.audio is not None
    frames = [av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format="yuv420p") for frame in clip.frames]
    return [frame.to_ndarray() for frame in frames], clip.audio


def _drawn(scenes: list[tuple[list[np.ndarray], np.ndarray]], count: int, seed: int):
    """So many scenes: all of them in a drawn order, then all of them in another, and so on."""
    rng = random.Random(seed)
    passes = (rng.sample(scenes, len(scenes)) for _ in cycle([None]))
    return islice((scene for one in passes for scene in one), count)
