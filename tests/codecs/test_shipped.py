"""The codec that ships, on held-out scenes: what the README promises of it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import phonofilm
from phonofilm.codecs import Codec, load
from phonofilm.codecs.audio_vae import AudioVae
from phonofilm.codecs.griffin_lim import griffin_lim
from phonofilm.codecs.report import codec_report, sound_report
from phonofilm.data.clapperboard import HELD_OUT, render, sample_scene
from phonofilm.estimate import Estimate
from phonofilm.media.clip import Clip
from phonofilm.shapes import ClipShape

FOLDER = Path(phonofilm.__file__).parent / "models" / "svg" / "weights" / "tiny" / "codec"
SHAPE = ClipShape(Fraction(2), Fraction(8), 64, 64, 16_000)
CLIPS = 24


@pytest.fixture(scope="module")
def codec() -> Codec:
    return load(FOLDER)


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return [render(sample_scene(HELD_OUT + 10_000 + i, seconds=SHAPE.seconds), SHAPE) for i in range(CLIPS)]


def value(report: dict[str, Estimate], name: str) -> float:
    found = report[name].value
    assert found is not None, report[name].reason
    return found


def test_there_and_back(codec: Codec, clips: list[Clip]) -> None:
    report = codec_report(codec, clips)
    assert value(report, "psnr_db") > 32
    assert value(report, "moving_psnr_db") > 26
    assert value(report, "log_mel_error") < 0.3
    assert value(report, "onset_error_ms_p90") < 5
    assert value(report, "onsets_lost") == 0


def test_latents_have_unit_variance(codec: Codec, clips: list[Clip]) -> None:
    for side in codec.encode(clips):
        flat = side.transpose(0, 1).flatten(1)
        assert flat.mean(1).abs().max() < 0.25
        assert ((flat.std(1) > 0.75) & (flat.std(1) < 1.25)).all()


def test_vocoder_beats_griffin_lim(codec: Codec, clips: list[Clip]) -> None:
    """In log-mel error and in the size of onset shifts, from the log-mels that it will meet."""
    audio = codec.audio
    assert isinstance(audio, AudioVae)
    sounds = [clip.audio[0] for clip in clips if clip.audio is not None]
    with torch.no_grad():
        mels = audio.mel_vae.decode(audio.mel_vae.encode(audio.log_mel(torch.from_numpy(np.stack(sounds)))))
        ours, theirs = audio.vocoder(mels), griffin_lim(mels, torch.Generator().manual_seed(0), 32)
    ours, theirs = (sound_report(sounds, plain(sound)) for sound in (ours, theirs))
    for name in ("log_mel_error", "onset_error_ms", "onset_error_ms_p90"):
        assert value(ours, name) < 0.9 * value(theirs, name), name


def plain(sound: Tensor) -> list[np.ndarray]:
    return list(sound.clamp(-1, 1).numpy())
