"""CAVP: numbers of the public network, what it is shown, the score on it, and what does not fit.

The public network (luosiallen/Diff-Foley at 0ba1e8a, with a convolution-norm-activation module in place of mmcv's) has
the same 402 names and shapes, and gave the same embeddings on the same small weights to the last bit; JavisDiT's
spectrogram of the same sound (at b505b37) was 1e-7 away.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from PIL import Image

from phonofilm.errors import MediaError, SettingError, WeightsError
from phonofilm.media.clip import Clip
from phonofilm.metrics import Given, Subject, find
from phonofilm.metrics._features.cavp import PUBLISHED, Cavp, CavpNet, spectrogram, squeezed
from tests.metrics.sown import moving
from tests.metrics.tiny import cavp as tiny


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    return Given(weights=tiny.give(tmp_path, monkeypatch))


def film(seconds: float = 2.5, fps: int = 6, heard: float | None = None) -> Subject:
    t = np.arange(int((heard or seconds) * 16_000)) / 16_000
    noise = np.random.default_rng(0).standard_normal((2, len(t)))
    sound = (0.3 * np.sin(2 * np.pi * 500 * t * t) + 0.02 * noise).astype(np.float32)
    picture = moving(int(seconds * fps), 40, 62, fps)
    return Subject("film", Clip(picture.frames, sound, Fraction(fps), 16_000))


def waves(*shape: int) -> torch.Tensor:
    return (torch.sin(torch.arange(np.prod(shape), dtype=torch.float64) * 0.7).float().reshape(shape) + 1) / 2


def test_the_network_is_the_public_one(given: Given) -> None:
    """Its numbers on these weights and inputs, within 1e-4."""
    network = Cavp(given).network
    pictures = network.pictures(waves(1, 3, 3, 32, 32).transpose(1, 2))[0]
    np.testing.assert_allclose(pictures[:, :3], PICTURES, atol=1e-4)
    sounds = network.sounds(waves(1, 128, 64).transpose(1, 2))[0]
    np.testing.assert_allclose(sounds[:, :3], SOUNDS, atol=1e-4)


def test_the_layout_is_the_published_one() -> None:
    with torch.device("meta"):
        state = {name: tuple(value.shape) for name, value in CavpNet(PUBLISHED).state_dict().items()}
    assert len(state) == 402
    for name, shape in {
        "video_encoder.conv1.conv.weight": (64, 3, 1, 7, 7),
        "video_encoder.layer1.0.downsample.bn.running_mean": (256,),
        "video_encoder.layer3.5.conv1.conv.weight": (256, 1024, 3, 1, 1),
        "video_encoder.layer2.1.conv1.conv.weight": (128, 512, 1, 1, 1),
        "video_encoder.layer4.2.conv2.conv.weight": (512, 512, 1, 3, 3),
        "video_project_head.weight": (512, 2048),
        "spec_encoder.bn.weight": (128,),
        "spec_encoder.conv_block6.conv2.weight": (2048, 2048, 3, 3),
        "spec_encoder.final_project.bias": (512,),
        "logit_scale": (),
    }.items():
        assert state[name] == shape, name


def test_golden(given: Given) -> None:
    """Of weights that are the same everywhere; a change of definition changes it. Within 1e-4."""
    metric = find("cavp-score", given)
    two = metric.measure(film())
    assert two.one.shape == two.other.shape == (8, 10)
    assert metric.agree(two.one, two.other) == pytest.approx(GOLDEN, abs=1e-4)


def test_the_spectrogram_is_librosas() -> None:
    sound = np.random.default_rng(0).standard_normal(33_000).astype(np.float32) * 0.1
    amplitude = np.abs(librosa.stft(sound[:31_999], n_fft=1024, hop_length=250))
    mel = librosa.filters.mel(sr=16_000, n_fft=1024, n_mels=128, fmin=125, fmax=7600) @ amplitude
    wanted = np.clip((20 * np.log10(np.maximum(1e-5, mel)) - 20 + 100) / 100, 0, 1)
    np.testing.assert_allclose(spectrogram(sound, 32_000), wanted.T, atol=1e-5)
    assert spectrogram(sound, 48_000).shape == (192, 128)
    assert float(spectrogram(sound, 48_000)[140:].max()) == 0


def test_pictures_are_squeezed_and_not_cut() -> None:
    frames = np.zeros((1, 10, 30, 3), np.uint8)
    frames[:, :, :5, 1] = 255
    found = squeezed(frames, 6)
    wanted = Image.fromarray(frames[0]).resize((6, 6), Image.Resampling.BILINEAR)
    assert float(found[0, 1, 0, 0]) > 0.8
    np.testing.assert_allclose(found[0].permute(1, 2, 0) * 255, np.asarray(wanted), atol=1e-4)


def test_ten_seconds_do_not_see_beyond_their_end(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = Cavp(given)
    whole = reading(film(3))["picture"]
    monkeypatch.setattr("phonofilm.metrics._features.cavp.AT_ONCE", 4)
    pieces = reading(film(3))["picture"]
    assert pieces.shape == whole.shape == (12, 10)
    assert np.abs(pieces - whole).max() > 1e-4
    np.testing.assert_allclose(reading(film(1))["picture"], pieces[:4], atol=1e-6)


def test_only_whole_seconds_of_the_picture_count(given: Given) -> None:
    reading = Cavp(given)
    for one in (film(2.9, heard=1.2), film(2.0, heard=5)):
        found = reading(one)
        assert found["picture"].shape == found["sound"].shape == (8, 10)
    with pytest.raises(MediaError, match="less than the second"):
        reading(film(0.9))


def test_weights_that_do_not_fit_are_named(given: Given, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="--weights cavp=PATH"):
        find("cavp-score", Given())
    found = torch.load(given.weights["cavp"])
    bare = {name.removeprefix("module."): value for name, value in found["state_dict"].items()}
    torch.save(bare, tmp_path / "bare.ckpt")
    assert find("cavp-score", Given(weights={"cavp": str(tmp_path / "bare.ckpt")})).measure(film()) is not None
    del bare["video_project_head.bias"]
    torch.save(bare, tmp_path / "less.ckpt")
    with pytest.raises(WeightsError, match=r"lacks 'video_project_head\.bias'"):
        find("cavp-score", Given(weights={"cavp": str(tmp_path / "less.ckpt")})).measure(film())
    (tmp_path / "text.ckpt").write_text("no weights")
    with pytest.raises(WeightsError, match="cannot be read as a checkpoint"):
        find("cavp-score", Given(weights={"cavp": str(tmp_path / "text.ckpt")})).measure(film())


PICTURES = [[0.35131, 0.17339, 0.36559], [0.54746, 0.25275, 0.18319], [0.63402, 0.3268, 0.06836]]
SOUNDS = [
    [0.5519, -0.13231, 0.10879],
    [0.50709, -0.13085, 0.10254],
    [0.49477, -0.12994, 0.09715],
    [0.52065, -0.13661, 0.09678],
]
GOLDEN = 0.474279
