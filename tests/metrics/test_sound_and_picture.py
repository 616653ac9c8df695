"""Shared preprocessing of published networks, against other libraries."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from PIL import Image

from phonofilm.media.clip import Clip
from phonofilm.metrics._features._frames import frames_at
from phonofilm.metrics._features._resizing import centre_crop, resize_short
from phonofilm.metrics._features._sound import htk_filters, mono, power_mel


def test_filters_are_librosas():
    import librosa

    ours = htk_filters(513, 128, 16_000).numpy()
    theirs = librosa.filters.mel(sr=16_000, n_fft=1024, n_mels=128, htk=True, norm=None)
    np.testing.assert_allclose(ours, theirs.T, atol=2e-6)


def test_a_mel_spectrogram_is_made_of_windowed_transforms():
    sound = np.random.default_rng(0).normal(size=4_000).astype(np.float32)
    padded = np.pad(sound.astype(np.float64), 512, mode="reflect")
    hann = np.pad(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400), 312)
    frames = np.stack([padded[i * 160 : i * 160 + 1024] * hann for i in range(26)])
    expected = np.abs(np.fft.rfft(frames)) ** 2 @ htk_filters(513, 128, 16_000).double().numpy()
    found = power_mel(torch.from_numpy(sound), rate=16_000, n_fft=1024, window=400, hop=160, mels=128)
    np.testing.assert_allclose(found.numpy(), expected.T, rtol=1e-4, atol=1e-3)
    twice = power_mel(
        torch.from_numpy(np.stack([sound, 2 * sound])), rate=16_000, n_fft=1024, window=400, hop=160, mels=128
    )
    torch.testing.assert_close(twice[1], 4 * found)


def test_channels_are_averaged():
    sound = np.array([[0.0, 0.5, 1.0], [1.0, 0.5, 0.5]], np.float32)
    assert mono(Clip(None, sound, Fraction(8), 16_000), 16_000).tolist() == [0.5, 0.5, 0.75]


@pytest.mark.parametrize(
    ("fps", "chosen"),
    [  # each tick n shows the last frame i with i * 25 / fps < n + 1/2
        (Fraction(10), [0, 0, 0, 1, 1, 2, 2, 2, 3, 3]),
        (Fraction(50), [0, 2]),
    ],
)
def test_frames_are_those_that_ffmpegs_filter_chooses(fps, chosen):
    frames = np.arange(4, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 3, 3), np.uint8)
    clip = Clip(frames, None, fps, 16_000)
    assert frames_at(clip, 25)[:, 0, 0, 0].tolist() == chosen


@pytest.mark.parametrize("shape", [(37, 61), (301, 240), (70, 70)])
def test_resizing_is_pillows(shape):
    frames = np.random.default_rng(1).integers(64, 192, (2, *shape, 3), np.uint8)
    found = resize_short(frames, 70).numpy()
    theirs = Image.fromarray(frames[1]).resize((found.shape[3], found.shape[2]), Image.Resampling.BICUBIC)
    away = np.abs(found[1].transpose(1, 2, 0).astype(int) - np.asarray(theirs))
    assert away.max() <= 2  # Pillow rounds between rows and columns, and cuts there what leaves its range
    assert away.mean() < 0.5
    assert min(found.shape[2:]) == 70


def test_crops_lie_in_the_middle():
    picture = torch.arange(7)[:, None] * 100 + torch.arange(12)
    assert centre_crop(picture, 4)[0, 0] == 204  # (7 - 4) / 2 rounds to 2
    assert centre_crop(picture, 4).shape == (4, 4)
