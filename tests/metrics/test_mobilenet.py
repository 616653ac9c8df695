from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from phonofilm.errors import MediaError, WeightsError
from phonofilm.media.clip import Clip
from phonofilm.metrics import Given, Subject, find, frechet
from phonofilm.metrics._features.mobilenet import MobileNetV2, square
from tests.metrics.sown import moving

GOLDEN_MEANS = [0.3880, 0.3942, 0.3948, 0.3964, 0.4051, 0.3980, 0.3888, 0.3778]
GOLDEN_PLACES = [283, 345, 307, 630, 1246, 147]
GOLDEN_VALUES = [5.9762, 5.9762, 5.8586, 5.8115, 5.8115, 5.7880]


def test_the_middle_square_is_looked_at():
    frame = np.zeros((100, 161, 3), np.uint8)
    frame[:, :30] = 255
    frame[:, 131:] = 255
    assert square(frame).shape == (224, 224, 3)
    assert square(frame).max() == 0
    assert square(frame.transpose(1, 0, 2)).max() == 0


def test_a_picture_of_the_networks_size_is_left_alone_and_shrinking_takes_means():
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (224, 224, 3), np.uint8)
    assert (square(frame) == frame).all()
    twice = rng.integers(0, 256, (448, 500, 3), np.uint8)
    means = twice[:, 26:474].reshape(224, 2, 224, 2, 3).mean(axis=(1, 3))
    assert np.abs(square(twice) - means).max() <= 0.5


def test_four_frames_a_second_are_looked_at(given):
    slow, fast = (
        Subject("film", Clip(np.repeat(moving(8, fps=4).frames, times, axis=0), None, Fraction(4 * times), 16_000))
        for times in (1, 3)
    )
    one, other = (film.read(MobileNetV2(given))["features"] for film in (slow, fast))
    assert one.shape == (8, 1280)
    assert (one == other).all()


def test_its_values_stay_what_they_are(given):
    """Tolerance: processors differ by a few steps of 0.0235."""
    found = Subject("film", moving(8, 120, 200, fps=4)).read(MobileNetV2(given))["features"]
    assert found.mean(axis=1) == pytest.approx(GOLDEN_MEANS, abs=0.01)
    assert found[2, GOLDEN_PLACES] == pytest.approx(GOLDEN_VALUES, abs=0.15)


def test_the_embedding_is_what_the_classes_are_made_of(given):
    """Oracle: the last layer by hand; the network rounds its result to steps of 0.099, and a few at the ends."""
    extractor = MobileNetV2(given)
    found = Subject("film", moving(1, 224, 224, fps=4)).read(extractor)["features"]
    run = extractor.network._run
    details = {one["index"]: one for one in run.get_tensor_details()}
    real = [
        (run.get_tensor(i).astype(float) - details[i]["quantization"][1]) * details[i]["quantization"][0]
        for i in (170, 171)
    ]
    offset = next(one for one in details.values() if tuple(one["shape"]) == (1001,))
    bias = run.get_tensor(offset["index"]) * np.float64(offset["quantization"][0])
    logits = real[0].reshape(1001, 1280) @ found[0] + bias
    assert np.abs(logits - real[1].ravel()).max() < 0.06


def test_the_distance_grows_with_blocks(given):
    metric = find("fd-mbv2", given)
    rng = np.random.default_rng(0)
    clean = [moving(8, 64, 64, fps=4, phase=i, speed=0.5 + i / 4) for i in range(6)]
    records = {}
    for level in (0, 10, 80):
        noisy = [np.clip(one.frames + level * rng.standard_normal(one.frames.shape), 0, 255) for one in clean]
        clips = [replace(one, frames=frames.astype(np.uint8)) for one, frames in zip(clean, noisy, strict=True)]
        records[level] = [metric.measure(Subject(str(i), clip)) for i, clip in enumerate(clips)]
    values = [metric.scores(records[level], records[0], 0)[0].value for level in (0, 10, 80)]
    assert values[0] == pytest.approx(0, abs=1e-6)
    assert values[0] < values[1] < values[2]


def test_it_is_frechets_distance_of_the_embeddings_of_all_frames(given):
    metric = find("fd-mbv2", given)
    films = [Subject(str(i), moving(8, 64, 64, fps=4, phase=i, speed=0.5 + i / 4)) for i in range(5)]
    vectors = [one.read(MobileNetV2(given))["features"] for one in films]
    records = [metric.measure(one) for one in films]
    expected = frechet(np.concatenate(vectors[:2]), np.concatenate(vectors[2:]))
    assert metric.scores(records[:2], records[2:], 0)[0].value == pytest.approx(expected)
    assert expected > 1


def test_bad_films_and_files_are_named(tmp_path):
    deaf = Subject("deaf.mp4", Clip(None, np.zeros((1, 99), np.float32), Fraction(8), 16_000))
    with pytest.raises(MediaError, match=r"deaf\.mp4 has no picture"):
        MobileNetV2.read(object.__new__(MobileNetV2), deaf)
    path = tmp_path / "other.tflite"
    path.write_bytes(b"other")
    with pytest.raises(WeightsError, match="not what was published as mbv2"):
        find("fd-mbv2", Given(weights={"mbv2": str(path)}))
