"""FVD and KVD: the right distance of the right features."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel

from phonofilm.metrics import Given, Subject, find, frechet, kind
from phonofilm.metrics._features import clip, i3d, videomae
from phonofilm.pair import AV
from tests.metrics.sown import moving
from tests.metrics.tiny import clip as tiny_clip
from tests.metrics.tiny import i3d as tiny_i3d
from tests.metrics.tiny import videomae as tiny_videomae

FRECHET = ("fvd-i3d400-styleganv", "fvd-i3d400-mmdiffusion", "fvd-i3d400-javisbench", "fvd-videomae", "fd-clip-image")
ALL = (*FRECHET, "kvd-i3d400")
WEIGHTS = {
    "fvd-i3d400-styleganv": "i3d-torchscript",
    "fvd-i3d400-mmdiffusion": "i3d-400",
    "fvd-i3d400-javisbench": "i3d-400",
    "fvd-videomae": "videomae-g-ssv2",
    "kvd-i3d400": "i3d-400",
    "fd-clip-image": "clip",
}
READINGS = {
    "fvd-i3d400-styleganv": i3d.I3dStyleganV,
    "fvd-i3d400-mmdiffusion": i3d.I3dMmDiffusion,
    "fvd-i3d400-javisbench": i3d.I3dJavisBench,
    "fvd-videomae": videomae.VideoMaeG,
    "kvd-i3d400": i3d.I3dMmDiffusion,
    "fd-clip-image": clip.Clip,
}
BY_N = ("fvd-i3d400-styleganv", "fvd-videomae")
"""StyleGAN-V's ``metric_utils.py``, which content-debiased-fvd took over, divides covariances by n."""


@pytest.fixture
def given(tmp_path, monkeypatch):
    weights: dict[str, str] = {}
    for tiny in (tiny_i3d, tiny_videomae, tiny_clip):
        weights |= tiny.give(tmp_path, monkeypatch)
    return Given(weights=weights)


def logits(seed, count, shift=0.0):
    """Rows as the network gives them, one array a clip."""
    rng = np.random.default_rng(seed)
    return [rng.normal(shift, 2.0, (1, 40)).astype(np.float32) for _ in range(count)]


def unbiased(x, y):
    """researchmm/MM-Diffusion's formula, on scikit-learn's kernel with its defaults."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    within = [(k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in (polynomial_kernel(some) for some in (x, y))]
    return sum(within) - 2 * polynomial_kernel(x, y).mean()


@pytest.mark.parametrize("name", ALL)
def test_weights_and_sides(name):
    metric = kind(name)
    assert [one.name for one in metric.weights] == [WEIGHTS[name]]
    assert metric.uses == AV(True, False)
    assert metric.needs_reference


@pytest.mark.parametrize("name", FRECHET)
def test_these_are_frechets_distance(name, given):
    own, true = logits(1, 7, 0.5), logits(2, 11)
    score = find(name, given).scores(own, true, 0)[0]
    ddof = 0 if name in BY_N else 1
    assert score.value == pytest.approx(frechet(np.concatenate(own), np.concatenate(true), ddof), rel=1e-9)
    assert score.name == name


def test_kvd_is_mm_diffusions(given):
    own, true = logits(1, 7, 0.5), logits(2, 11)
    score = find("kvd-i3d400", given).scores(own, true, 0)[0]
    assert score.value == pytest.approx(unbiased(np.concatenate(own), np.concatenate(true)), rel=1e-9)


def test_kvd_sees_means_after_fvd_was_computed(given):
    """JavisBench's Frechet distance centres features in place, and its KVD is computed on what is left."""
    own, true = logits(1, 30, 2.0), logits(2, 30)
    kept = [one.copy() for one in (*own, *true)]
    find("fvd-i3d400-mmdiffusion", given).scores(own, true, 0)
    assert all(map(np.array_equal, (*own, *true), kept))
    value = find("kvd-i3d400", given).scores(own, true, 0)[0].value
    x, y = np.concatenate(own), np.concatenate(true)
    javisbench = unbiased(x - x.mean(axis=0), y - y.mean(axis=0))
    assert value == pytest.approx(unbiased(x, y), rel=1e-9)
    assert value > 50
    assert abs(javisbench) < 2


@pytest.mark.parametrize("name", ALL)
def test_a_clip_counts_by_what_its_reading_gives(name, given):
    reading, subject = READINGS[name](given), Subject("clip", moving(40))
    metric = find(name, given)
    assert np.array_equal(metric.measure(subject), reading(subject)["features"])
    assert metric.about == reading.about


@pytest.mark.parametrize("name", ALL)
def test_equal_clips_are_at_no_distance(name, given):
    metric = find(name, given)
    own = [metric.measure(Subject(str(i), moving(20, phase=i))) for i in range(3)]
    value = metric.scores(own, own, 0)[0].value
    assert value <= 1e-9
