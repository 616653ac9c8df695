"""CNN14: golden numbers of the public code for each way of listening, the published layout, and what is made of it."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist, pdist
from scipy.special import rel_entr, softmax

from phonofilm.errors import MediaError, WeightsError
from phonofilm.metrics import Given, find
from phonofilm.metrics._features import panns
from phonofilm.metrics._features._listening import AUDIOLDM_EVAL, AV_BENCHMARK, KADTK
from tests.metrics.heard import film
from tests.metrics.tiny import panns as small

# av-benchmark's class (av_bench/panns, with torchlibrosa) at the size of the small network, with its weights, on what
# each suite's loader makes of the film; ours differed by 1e-6 at most. Features 2, 4, 6 and 7, then logits 0 to 7.
GOLDEN = {
    AV_BENCHMARK: (
        8.5,
        [0.558061, 0.086433, 0.0, 1.715216],
        [-0.016003, -0.777584, 0.543594, 0.812718, 0.196887, -0.441455, -0.344522, -0.952512],
    ),
    AUDIOLDM_EVAL: (
        1.3,
        [0.006416, 0.069747, 0.548837, 1.041024],
        [-0.017348, -0.297363, 0.523459, 0.330425, 0.048683, -0.27198, -0.765973, -0.691181],
    ),
    KADTK: (
        8.5,
        [0.40532, 0.102349, 0.0, 1.602387],
        [-0.016052, -0.634126, 0.519736, 0.809383, 0.089692, -0.46015, -0.362613, -0.939751],
    ),
}


@pytest.fixture
def given(tmp_path, monkeypatch):
    return Given(weights=small.give(tmp_path, monkeypatch))


@pytest.mark.parametrize("rule", GOLDEN, ids=lambda rule: rule.name)
def test_golden(rule, given):
    seconds, features, logits = GOLDEN[rule]
    found = panns.Panns(given, rule)(film(seconds, 16_000))
    assert found["features"].shape == (1, 8)
    np.testing.assert_allclose(found["features"][0, [2, 4, 6, 7]], features, atol=2e-5)
    np.testing.assert_allclose(found["logits"][:8], logits, atol=2e-5)


def test_the_layout_is_the_published_one():
    """Names and shapes that issue 18 of qiuqiangkong/audioset_tagging_cnn lists, and the paper's number of weights."""
    with torch.device("meta"):
        network = panns.Network(panns.PUBLISHED)
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert shapes["spectrogram_extractor.stft.conv_real.weight"] == (257, 1, 512)
    assert shapes["spectrogram_extractor.stft.conv_imag.weight"] == (257, 1, 512)
    assert shapes["logmel_extractor.melW"] == (257, 64)
    assert shapes["bn0.num_batches_tracked"] == ()
    assert shapes["conv_block1.conv1.weight"] == (64, 1, 3, 3)
    assert shapes["conv_block6.bn2.running_var"] == (2048,)
    assert shapes["fc1.weight"] == (2048, 2048)
    assert shapes["fc_audioset.weight"] == (527, 2048)
    frozen = ("spectrogram_extractor", "logmel_extractor")
    trained = (value.numel() for name, value in network.named_parameters() if not name.startswith(frozen))
    assert sum(trained) == 80_753_615


def test_the_checkpoint_may_hold_arrays_of_an_older_numpy_and_nothing_worse(given):
    """The published one was written with numpy 1, which calls the maker of arrays otherwise."""
    path = Path(given.weights["panns-cnn14-16k"])
    with ZipFile(path) as made:
        parts = {part: made.read(part) for part in made.namelist()}
    pickled = next(part for part in parts if part.endswith("data.pkl"))
    older = re.sub(rb"numpy\._?core", b"numpy.core", parts[pickled])
    for content, fits in ((older, True), (older.replace(b"cnumpy\ndtype", b"cos\nsystem"), False)):
        with ZipFile(path, "w") as again:
            for part, found in (parts | {pickled: content}).items():
                again.writestr(part, found)
        with nullcontext() if fits else pytest.raises(WeightsError, match=r"os\.system"):
            panns.Panns(Given(weights=given.weights)).load()


def test_a_short_clip_is_named(given):
    assert panns.Panns(given)(film(0.31, 16_000))["features"].shape == (1, 8)
    with pytest.raises(MediaError, match=r"film has 0.300 s of sound, and PANNs needs 0.310 s"):
        panns.Panns(given)(film(0.3, 16_000))


def films(count, low):
    return [film(2.5, 16_000, low + 70 * place, f"film {place}") for place in range(count)]


def test_fd_is_frechets_distance_of_one_vector_a_clip(given):
    metric = find("fd-panns", given)
    own, true = ([metric.measure(one) for one in films(count, low)] for count, low in ((23, 200), (31, 450)))
    a, b = np.concatenate(own), np.concatenate(true)
    assert a.shape == (23, 8)
    assert "less its mean" in metric.about.resampler
    one, other = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    ridge = 1e-9 * np.eye(8)  # units that are never on leave both covariances singular
    expected = ((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum() + np.trace(one + other)
    expected -= 2 * np.trace(sqrtm((one + ridge) @ (other + ridge))).real
    assert metric.scores(own, true, 0)[0].value == pytest.approx(expected, rel=1e-3)


def test_kad_is_a_hundredfold_mmd_with_the_references_median(given):
    metric = find("kad-panns", given)
    own, true = ([metric.measure(one) for one in films(count, low)] for count, low in ((5, 200), (7, 450)))
    assert np.array_equal(own[0], panns.Panns(given, KADTK)(films(1, 200)[0])["features"])
    a, b = np.concatenate(own).astype(np.float64), np.concatenate(true).astype(np.float64)
    median = np.sort(pdist(b))[10]  # of 21

    def kernel(x, y):
        return np.exp(-(cdist(x, y) ** 2) / (2 * median**2))

    within = [(kernel(x, x).sum() - len(x)) / (len(x) * (len(x) - 1)) for x in (a, b)]
    expected = 100 * (sum(within) - 2 * kernel(a, b).mean())
    score = metric.scores(own, true, 0)[0]
    assert score.value == pytest.approx(expected, rel=1e-6)
    assert score.unit == "x 100"


@pytest.mark.parametrize(
    ("name", "rule", "floor"),
    [("kl-panns-avbenchmark", AV_BENCHMARK, 0), ("kl-panns-audioldmeval", AUDIOLDM_EVAL, 1e-6)],
)
def test_kl_is_from_the_reference_clip_of_the_same_name(name, rule, floor, given):
    metric, listen = find(name, given), panns.Panns(given, rule)
    pairs = [(film(3, 16_000, 200 + 300 * i, f"{i}.mp4"), film(3, 16_000, 900 - 90 * i, f"{i}.mkv")) for i in range(3)]
    own, true = [metric.measure(one) for one, _ in pairs], [metric.measure(other) for _, other in reversed(pairs)]
    expected = [
        rel_entr(softmax(listen(other)["logits"].astype(np.float64)), softmax(listen(one)["logits"]) + floor).sum()
        for one, other in pairs
    ]
    (score,) = metric.scores(own, true, 0)
    assert score.value == pytest.approx(np.mean(expected), rel=1e-5)
    assert (score.name, score.unit, score.n) == (name, "nats", 3)


def test_kl_forms_differ_where_a_class_is_ruled_out(given):
    """Two classes, the reference sure of the one that the clip excludes by 60 nats."""
    sure, wrong = np.array([60.0, 0.0]), np.array([0.0, 60.0])
    assert find("kl-panns-avbenchmark", given).compare(wrong, sure) == pytest.approx(60)
    assert find("kl-panns-audioldmeval", given).compare(wrong, sure) == pytest.approx(-np.log(1e-6))
    assert find("kl-panns-audioldmeval", given).compare(sure, sure) == pytest.approx(-1e-6, rel=1e-3)


def test_is_is_of_the_generated_clips_alone(given):
    metric = find("is-panns", given)
    own = [metric.measure(one) for one in films(21, 200)]
    p = softmax(np.stack(own), axis=1)
    expected = np.exp(rel_entr(p, p.mean(axis=0, keepdims=True)).sum(axis=1).mean())
    scores = {one.name: one for one in metric.scores(own, None, 0)}
    assert scores["is-panns-whole"].value == pytest.approx(expected, rel=1e-6)
    assert scores["is-panns"].value is not None
    assert "first 8 s" in metric.about.resampler
