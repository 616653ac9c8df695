"""VGGish: golden numbers of the public code, the published layout, and FAD made of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from phonofilm.errors import MediaError
from phonofilm.metrics import Given, find
from phonofilm.metrics._features import vggish
from tests.metrics.heard import film
from tests.metrics.tiny import vggish as small

# av-benchmark's class (av_bench/vggish) at the size of the small network, with its weights, on what its loader makes of
# the film; ours differed by nothing.
GOLDEN = {0: [-12.867142, -14.079495, -18.759136, 0.590454, -9.952975]}
GOLDEN[-1] = [-15.948415, -14.328575, -15.85052, 1.283789, -9.568529]


@pytest.fixture
def given(tmp_path, monkeypatch):
    return Given(weights=small.give(tmp_path, monkeypatch))


def test_golden(given):
    """8.5 s at 16 kHz: eight patches are left of the first 8 s, the last one of 7.68 s."""
    found = vggish.Vggish(given)(film(8.5, 16_000))["features"]
    assert found.shape == (8, 5)
    for row, expected in GOLDEN.items():
        np.testing.assert_allclose(found[row], expected, atol=2e-4)


def test_the_layout_is_the_published_one():
    """Names and shapes of harritaylor/torchvggish, which has 72,141,184 weights."""
    with torch.device("meta"):
        state = vggish.Network(vggish.PUBLISHED).state_dict()
    shapes = {name: tuple(value.shape) for name, value in state.items() if name.endswith("weight")}
    assert shapes == {
        "features.0.weight": (64, 1, 3, 3),
        "features.3.weight": (128, 64, 3, 3),
        "features.6.weight": (256, 128, 3, 3),
        "features.8.weight": (256, 256, 3, 3),
        "features.11.weight": (512, 256, 3, 3),
        "features.13.weight": (512, 512, 3, 3),
        "embeddings.0.weight": (4096, 12288),
        "embeddings.2.weight": (4096, 4096),
        "embeddings.4.weight": (128, 4096),
    }
    assert sum(value.numel() for value in state.values()) == 72_141_184


def test_a_tone_is_where_it_belongs():
    """Oracle: band of 1 kHz, counted on the mel scale by hand; amplitude 0.5 under a window that adds up to 200."""
    tone = torch.from_numpy(0.5 * np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)).float()
    patch = vggish.patches(tone)
    assert patch.shape == (1, 96, 64)
    mel = [1127 * np.log(1 + hertz / 700) for hertz in (125, 1000, 7500)]
    place = (mel[1] - mel[0]) / (mel[2] - mel[0]) * 65 - 1  # 1000 Hz is bin 32 exactly, and the peak is 0.25 * 200
    assert int(patch[0].mean(dim=0).argmax()) in (int(place), int(place) + 1)
    assert float(vggish.patches(torch.zeros(16_000)).unique()) == pytest.approx(np.log(0.01))


def test_a_short_clip_is_named(given):
    assert len(vggish.Vggish(given)(film(0.975, 16_000))["features"]) == 1
    with pytest.raises(MediaError, match=r"film has 0.970 s of sound, and VGGish needs 0.975 s"):
        vggish.Vggish(given)(film(0.97, 16_000))


def test_fad_is_frechets_distance_of_all_patches_pooled(given):
    metric = find("fad-vggish", given)
    own = [metric.measure(film(seconds, 16_000, 250 + 40 * seconds)) for seconds in (3, 4, 5, 6, 2)]
    true = [metric.measure(film(seconds, 16_000, 500 + 90 * seconds)) for seconds in (6, 5, 4, 3)]
    a, b = np.concatenate(own), np.concatenate(true)
    assert len(a) == 3 + 4 + 5 + 6 + 2
    apart = a.mean(axis=0) - b.mean(axis=0)
    one, other = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    expected = apart @ apart + np.trace(one + other) - 2 * np.trace(sqrtm(one @ other)).real
    assert metric.scores(own, true, 0)[0].value == pytest.approx(expected, rel=1e-5)
