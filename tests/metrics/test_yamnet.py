import sys
import warnings
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist

from phonofilm.errors import MediaError, SettingError, WeightsError
from phonofilm.media.clip import Clip
from phonofilm.metrics import Given, Subject, find, frechet
from phonofilm.metrics._features import _tflite, yamnet
from phonofilm.metrics._features.yamnet import Yamnet, patches
from tests.metrics.heard import film, waves

GOLDEN_MEANS = [0.0260, 0.0249, 0.0182, 0.0197]
GOLDEN_PLACES = [715, 591, 263, 747, 130, 898]
GOLDEN_VALUES = [2.8908, 2.6577, 2.1914, 2.1215, 2.1215, 1.8884]
GOLDEN_LOGITS = [0.6163, 0.9244, -0.9244, -0.3081]
SILENCE, SINE, WHITE_NOISE = 494, 495, 514


def subject(sound, rate=16_000):
    return Subject("film", Clip(None, np.atleast_2d(sound).astype(np.float32), Fraction(8), rate))


def published(sound):
    """Oracle: the formula of research/audioset/yamnet/features.py and of TensorFlow's mel matrix, term by term."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    edges = np.linspace(*(1127 * np.log(1 + hertz / 700) for hertz in (125.0, 7500.0)), 66)
    places = 1127 * np.log(1 + np.arange(257) * 16_000 / 512 / 700)
    weights = np.zeros((257, 64))
    for band, (low, middle, high) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        for line in range(1, 257):
            slopes = (places[line] - low) / (middle - low), (high - places[line]) / (high - middle)
            weights[line, band] = max(0.0, min(slopes))
    rows = []
    for start in range(0, len(sound) - 399, 160):
        magnitude = np.abs(np.fft.fft(np.pad(sound[start : start + 400] * window, (0, 112)))[:257])
        rows.append(np.log(magnitude @ weights + 0.001))
    return np.array(rows)


def test_patches_are_log_mel_frames_as_published():
    sound = waves(1.455, 16_000)[0]
    frames = published(np.float64(sound))
    assert len(sound) == 15_600 + 7_680  # two patches and nothing to add
    found = patches(sound)
    assert found.shape == (2, 96, 64)
    assert found[0] == pytest.approx(frames[:96], abs=1e-5)
    assert found[1] == pytest.approx(frames[48:], abs=1e-5)


@pytest.mark.parametrize(
    ("samples", "count"), [(1, 1), (15_600, 1), (15_601, 2), (23_280, 2), (23_281, 3), (160_000, 20)]
)
def test_silence_fills_the_last_patch(samples, count):
    found = patches(np.full(samples, 0.1, np.float32))
    assert found.shape == (count, 96, 64)
    if samples == 15_601:
        assert found[-1, -1] == pytest.approx(np.log(0.001))


def test_it_passes_its_authors_own_test(given):
    """Silence, a sine wave and white noise, three seconds each (research/audioset/yamnet/yamnet_test.py)."""
    sounds = {
        SILENCE: np.zeros(48_000),
        SINE: np.sin(2 * np.pi * 440 * np.arange(48_000) / 16_000),
        WHITE_NOISE: np.random.RandomState(51773).uniform(-1, 1, 48_000),
    }
    for label, sound in sounds.items():
        logits = subject(sound).read(Yamnet(given))["logits"]
        best = np.argsort(-(1 / (1 + np.exp(-logits))).mean(axis=0))
        assert label in best[: 1 if label != WHITE_NOISE else 2]


def test_the_embedding_is_what_the_logits_are_made_of(given):
    """Oracle: the last layer by hand; the network rounds its result to steps of 0.308."""
    extractor = Yamnet(given)
    found = subject(waves(2.3, 16_000)[0]).read(extractor)
    run = extractor.network._run
    matrix, offset = (
        next(one for one in run.get_tensor_details() if tuple(one["shape"]) == shape) for shape in [(521, 1024), (521,)]
    )
    weights = run.get_tensor(matrix["index"]) * np.float64(matrix["quantization"][0])
    logits = found["features"] @ weights.T + run.get_tensor(offset["index"]) * np.float64(offset["quantization"][0])
    assert np.abs(logits - found["logits"]).max() < 0.5 * 0.30813 + 0.005


def test_its_values_stay_what_they_are(given):
    """Tolerance: processors differ by a few steps of 0.023 and 0.31."""
    found = film(2.3, 48_000).read(Yamnet(given))
    assert found["features"].shape == (4, 1024)
    assert found["features"].dtype == found["logits"].dtype == np.float32
    assert found["features"].mean(axis=1) == pytest.approx(GOLDEN_MEANS, abs=0.004)
    assert found["features"][1, GOLDEN_PLACES] == pytest.approx(GOLDEN_VALUES, abs=0.13)
    assert found["logits"].max(axis=1) == pytest.approx(GOLDEN_LOGITS, abs=1.3)


def test_distances_grow_with_noise(given):
    rng = np.random.default_rng(0)
    clean = [waves(2.0, 16_000, pitch=200 + 60 * i)[0] for i in range(12)]
    noises = [rng.standard_normal(len(one)) for one in clean]
    found = {}
    for name in ("fd-yamnet", "kad-yamnet", "kl-yamnet"):
        metric = find(name, given)

        def records(level, metric=metric):
            noisy = [one + level * noise for one, noise in zip(clean, noises, strict=True)]
            return [metric.measure(Subject(str(i), subject(sound).clip)) for i, sound in enumerate(noisy)]

        true = records(0.0)
        found[name] = [metric.scores(records(level), true, 0)[0].value for level in (0.0, 0.003, 0.03, 0.3)]
    assert all(np.diff(values).min() > 0 for values in found.values())
    assert found["fd-yamnet"][0] == pytest.approx(0, abs=1e-6) and found["kl-yamnet"][0] == 0


def test_the_definitions_by_their_formulas(given):
    """Frechet by its textbook form is tested elsewhere; here that the right arrays go into the right formula."""
    films = [film(2.0, 16_000, pitch=200 + 150 * i, name=str(i)) for i in range(6)]
    heard = [one.read(Yamnet(given)) for one in films]
    embeddings = [one["features"].astype(np.float64) for one in heard]
    own, true = np.concatenate(embeddings[:3]), np.concatenate(embeddings[3:])
    width = np.sort(pdist(true))[(len(true) * (len(true) - 1) // 2 - 1) // 2]
    kernel = [np.exp(-(cdist(*pair) ** 2) / (2 * width**2)) for pair in ((own, own), (true, true), (own, true))]
    kernel[0][np.diag_indices(len(own))] = kernel[1][np.diag_indices(len(true))] = 0
    n = len(own)
    kad = 100 * ((kernel[0].sum() + kernel[1].sum()) / (n * (n - 1)) - 2 * kernel[2].mean())
    metric = find("kad-yamnet", given)
    records = [metric.measure(one) for one in films]
    assert metric.scores(records[:3], records[3:], 0)[0].value == pytest.approx(kad, rel=1e-6)

    metric = find("fd-yamnet", given)
    records = [metric.measure(one) for one in films]
    assert metric.scores(records[:3], records[3:], 0)[0].value == pytest.approx(frechet(own, true))

    logits = np.array([one["logits"].mean(axis=0) for one in heard], np.float64)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    metric = find("kl-yamnet", given)
    records = [metric.measure(Subject("a.mp4", one.clip)) for one in films[:2]]
    (exact, floored) = metric.scores(records[:1], records[1:], 0)
    assert exact.value == pytest.approx((p[1] * np.log(p[1] / p[0])).sum(), rel=1e-6)
    assert floored.value == pytest.approx((p[1] * np.log(p[1] / (p[0] + 1e-6))).sum(), rel=1e-6)

    inception = np.exp((p * np.log(p / p.mean(axis=0))).sum(axis=1).mean())
    metric = find("is-yamnet", given)
    split, whole = metric.scores([metric.measure(one) for one in films], None, 0)
    assert whole.value == pytest.approx(inception, rel=1e-9)
    assert split.value is None


def test_a_film_without_sound_is_named():
    silent = Subject("mute.mp4", Clip(np.zeros((3, 8, 8, 3), np.uint8), None, Fraction(8), 16_000))
    with pytest.raises(MediaError, match=r"mute\.mp4 has no sound"):
        Yamnet.read(object.__new__(Yamnet), silent)


def test_missing_and_foreign_weights_are_refused(tmp_path, monkeypatch):
    with pytest.raises(SettingError, match="--weights yamnet=PATH"):
        find("fd-yamnet")
    foreign = tmp_path / "other.tflite"
    foreign.write_bytes(b"other")
    with pytest.raises(WeightsError, match="not what was published as yamnet"):
        find("fd-yamnet", Given(weights={"yamnet": str(foreign)}))


def unchecked(path, monkeypatch):
    monkeypatch.setattr(Yamnet, "published", replace(Yamnet.published, sha256=""))
    return Yamnet(Given(weights={"yamnet": str(path)}))


def test_a_file_that_is_no_network_and_another_network_are_told_apart(given, tmp_path, monkeypatch):
    garbage = tmp_path / "garbage.tflite"
    garbage.write_bytes(b"garbage" * 99)
    with pytest.raises(WeightsError, match="no TensorFlow Lite file"):
        unchecked(garbage, monkeypatch).load()
    with pytest.raises(WeightsError, match="another network"):
        unchecked(given.weights["mbv2"], monkeypatch).load()
    inside = {"features": _tflite.Inside(90, (1025,))}
    monkeypatch.setattr(yamnet, "LAYOUT", replace(yamnet.LAYOUT, inside=inside))
    with pytest.raises(WeightsError, match="another network"):
        Yamnet(given).load()


def test_without_the_runtime_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    path = tmp_path / "some.tflite"
    path.write_bytes(b"some")
    with pytest.raises(SettingError, match=r"phonofilm\[tflite\]"):
        unchecked(path, monkeypatch).load()


def test_nothing_is_warned_of(given):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Yamnet(given).load()
