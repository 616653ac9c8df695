"""PaSST: golden numbers of the public code, the published layout, and what is made of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import rel_entr, softmax
from torch import nn

from phonofilm.metrics import Given, find, frechet
from phonofilm.metrics._features import passt
from phonofilm.metrics._features._listening import KADTK
from tests.metrics.heard import film
from tests.metrics.sown import sow
from tests.metrics.tiny import passt as small

# passt_hear21's classes (hear21passt/models, with torchaudio 2.11's mel filters) at the size of the small network, with
# its weights, on what av-benchmark makes of the film; ours differed by 1e-6 at most.
FEATURES = [1.374216, 1.645194, 0.391435, -0.508973, 0.04641, -1.185336, -0.338165, -1.279905, -0.329271, -1.114295]
FEATURES += [0.307871, 1.267812]
LOGITS = [1.888342, -0.650272, 2.195522, 0.901353, -1.002695, -2.011938, -0.906747, 1.934346, -0.808126, 0.813111]
LOGITS += [-0.999159]


@pytest.fixture
def given(tmp_path, monkeypatch):
    return Given(weights=small.give(tmp_path, monkeypatch))


def test_golden(given):
    """8.5 s at 32 kHz: cut to 8 s, then silence up to 10 s."""
    found = passt.Passt(given)(film(8.5, 32_000))
    np.testing.assert_allclose(found["features"], [FEATURES], atol=5e-5)
    np.testing.assert_allclose(found["logits"], LOGITS, atol=5e-5)


def test_no_more_than_ten_seconds_are_heard(given):
    listen = passt.Passt(given, KADTK)
    ten, eleven = (listen(film(seconds, 32_000))["features"] for seconds in (10, 11))
    assert np.array_equal(ten, eleven)


def test_the_layout_is_the_published_one():
    """Names and shapes of kkoutini/PaSST's passt_s_swa_p16_128_ap476, in which are 86,153,758 weights."""
    with torch.device("meta"):
        state = passt.Network(passt.PUBLISHED).state_dict()
    shapes = {name: tuple(value.shape) for name, value in state.items()}
    assert shapes["new_pos_embed"] == (1, 2, 768)
    assert shapes["freq_new_pos_embed"] == (1, 768, 12, 1)
    assert shapes["time_new_pos_embed"] == (1, 768, 1, 99)
    assert shapes["patch_embed.proj.weight"] == (768, 1, 16, 16)
    assert shapes["blocks.11.attn.qkv.weight"] == (2304, 768)
    assert shapes["blocks.0.mlp.fc1.weight"] == (3072, 768)
    assert shapes["head.0.weight"] == (768,)
    assert shapes["head.1.weight"] == shapes["head_dist.weight"] == (527, 768)
    assert (len(shapes), sum(value.numel() for value in state.values())) == (159, 86_153_758)


def test_silence_has_the_spectrogram_of_its_floor():
    mel = passt.log_mel(torch.zeros(passt.SAMPLES))
    assert mel.shape == (128, 1000)
    assert float(mel.unique()) == pytest.approx((np.log(1e-5) + 4.5) / 5)


def test_a_block_is_torchs_encoder_layer():
    size = small.SMALL
    ours = sow(passt._Block(size))
    theirs = nn.TransformerEncoderLayer(
        size.width, size.heads, 4 * size.width, 0.0, "gelu", layer_norm_eps=1e-6, batch_first=True, norm_first=True
    ).eval()
    names = {"attn.qkv.": "self_attn.in_proj_", "attn.proj": "self_attn.out_proj", "mlp.fc": "linear"}
    state = {}
    for name, value in ours.state_dict().items():
        for one, other in names.items():
            name = name.replace(one, other)
        state[name] = value
    theirs.load_state_dict(state)
    tokens = torch.linspace(-2, 200, 2 * 5 * size.width).reshape(2, 5, size.width).sin()
    with torch.no_grad():
        torch.testing.assert_close(ours(tokens), theirs(tokens), atol=1e-5, rtol=1e-5)


def test_fd_is_frechets_distance_of_one_vector_a_clip(given):
    metric, listen = find("fd-passt", given), passt.Passt(given)
    clips = [film(1, 32_000, 200 + 150 * place) for place in range(5)]
    vectors = np.concatenate([listen(one)["features"] for one in clips])
    own = [metric.measure(one) for one in clips]
    assert metric.scores(own[:3], own[2:], 0)[0].value == pytest.approx(frechet(vectors[:3], vectors[2:]))


def test_kl_is_from_the_reference(given):
    metric, listen = find("kl-passt-avbenchmark", given), passt.Passt(given)
    one, other = film(1, 32_000, 200, "a.mp4"), film(1, 32_000, 700, "a.mp4")
    p, q = (softmax(listen(clip)["logits"].astype(np.float64)) for clip in (other, one))
    (score,) = metric.scores([metric.measure(one)], [metric.measure(other)], 0)
    assert score.value == pytest.approx(rel_entr(p, q).sum(), rel=1e-5)


def test_is_hears_as_av_benchmark_does(given):
    metric = find("is-passt", given)
    one = film(1, 32_000)
    np.testing.assert_array_equal(metric.measure(one), passt.Passt(given)(one)["logits"])
    assert metric.gives == ("is-passt", "is-passt-whole")
    assert metric.about.resampler.endswith("first 8 s, silence up to 10 s or cut there")
