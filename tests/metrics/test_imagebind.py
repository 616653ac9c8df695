"""ImageBind: numbers of the public network, what it is shown, the five definitions on it, and what does not fit.

The public implementation (facebookresearch/ImageBind at 53680b0, with pytorchvideo at the commit it asks for and
torchaudio's Kaldi) was run on random weights of the published input sizes and on five clips of 3 to 30 fps, 1 to 5 s,
lying and upright: embeddings of pictures and sentences agreed to 1e-7, those of sounds (of length 20) to 6e-4, AVHScore
and JavisScore (JavisVerse/JavisDiT at b505b37) to 2e-5.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from phonofilm.errors import MediaError, SettingError, WeightsError
from phonofilm.media.clip import Clip
from phonofilm.metrics import Given, Subject, find
from phonofilm.metrics._features._imagebind import PUBLISHED, ImageBindNet
from phonofilm.metrics._features.imagebind import ImageBindSound, pairs, spectrogram, starts, three
from phonofilm.metrics.javisscore import JavisScore, Windowed, in_windows, windows
from tests.metrics.small_tokens import SIZE
from tests.metrics.sown import moving
from tests.metrics.tiny import imagebind

GOLDEN = {
    "imagebind-text-audio": 0.688137,
    "imagebind-text-video": -0.512517,
    "imagebind-audio-video": -0.311911,
    "avhscore": -0.181456,
    "javisscore": -0.255112,
}


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    return Given(weights=imagebind.give(tmp_path, monkeypatch))


def film(seconds: float = 2.6, fps: int = 5, channels: int = 2) -> Subject:
    t = np.arange(int(seconds * 16_000)) / 16_000
    noise = np.random.default_rng(0).standard_normal((channels, len(t)))
    sound = (0.3 * np.sin(2 * np.pi * 500 * t * t) + 0.02 * noise).astype(np.float32)
    picture = moving(int(seconds * fps), 40, 62, fps)
    return Subject("film", Clip(picture.frames, sound, Fraction(fps), 16_000), "a cat and a bell")


def waves(*shape: int) -> torch.Tensor:
    return torch.sin(torch.arange(np.prod(shape), dtype=torch.float64) * 0.7).float().reshape(shape)


def test_the_network_is_the_public_one(given: Given) -> None:
    """Its numbers on these weights and inputs, within 1e-4."""
    network = ImageBindSound(given).network
    tokens = torch.zeros(2, 77, dtype=torch.long)
    tokens[0, :5] = torch.tensor([SIZE - 2, 3, 99, 5, SIZE - 1])
    tokens[1] = torch.arange(77)
    tokens[1, -1] = SIZE - 1
    found = {
        "pictures": network.pictures(waves(2, 3, 2, 28, 28)),
        "sounds": network.sounds(waves(2, 1, 128, 204)),
        "sentences": network.sentences(tokens),
    }
    for name, wanted in PUBLIC.items():
        np.testing.assert_allclose(found[name][:, :4], wanted, atol=1e-4)


def test_the_layout_is_the_published_one() -> None:
    with torch.device("meta"):
        state = {name: tuple(value.shape) for name, value in ImageBindNet(PUBLISHED).state_dict().items()}
    assert len(state) == 32 * 12 + 24 * 12 + 12 * 14 + 24
    for name, shape in {
        "modality_preprocessors.vision.rgbt_stem.proj.1.weight": (1280, 3, 2, 14, 14),
        "modality_preprocessors.vision.pos_embedding_helper.pos_embed": (1, 257, 1280),
        "modality_preprocessors.text.token_embedding.weight": (49_408, 1024),
        "modality_preprocessors.text.mask": (77, 77),
        "modality_preprocessors.audio.rgbt_stem.proj.weight": (768, 1, 16, 16),
        "modality_preprocessors.audio.rgbt_stem.norm_layer.weight": (768,),
        "modality_preprocessors.audio.pos_embedding_helper.pos_embed": (1, 229, 768),
        "modality_trunks.vision.pre_transformer_layer.0.weight": (1280,),
        "modality_trunks.vision.blocks.31.mlp.fc1.weight": (5120, 1280),
        "modality_trunks.text.blocks.23.attn.in_proj_weight": (3072, 1024),
        "modality_trunks.audio.blocks.11.attn.bias_k": (1, 1, 768),
        "modality_heads.vision.2.weight": (1024, 1280),
        "modality_heads.text.proj.1.weight": (1024, 1024),
        "modality_heads.audio.0.bias": (768,),
        "modality_postprocessors.text.1.log_logit_scale": (),
        "modality_postprocessors.audio.1.log_logit_scale": (),
    }.items():
        assert state[name] == shape, name


@pytest.mark.parametrize(("name", "wanted"), list(GOLDEN.items()))
def test_golden(name: str, wanted: float, given: Given) -> None:
    """Of weights that are the same everywhere; a change of definition changes them. Within 1e-4."""
    metric = find(name, given)
    two = metric.measure(film())
    assert metric.agree(two.one, two.other) == pytest.approx(wanted, abs=1e-4)


def test_stretches_lie_evenly() -> None:
    assert [float(start) for start in starts(5.0, 3)] == [0, 1.5, 3]
    assert [float(start) for start in starts(1.5, 3)] == [0, 0, 0]


def test_of_each_stretch_the_first_and_the_last_frame_are_seen() -> None:
    frames = np.arange(40, dtype=np.uint8)[:, None, None, None].repeat(3, axis=3)
    assert [pair[:, 0, 0, 0].tolist() for pair in pairs(frames, Fraction(10))] == [
        [0, 19], [5, 24], [10, 29], [15, 34], [20, 39]
    ]  # fmt: skip
    assert [pair[:, 0, 0, 0].tolist() for pair in pairs(frames[:7], Fraction(10))] == [[0, 6]] * 5
    assert [pair[:, 0, 0, 0].tolist() for pair in pairs(frames[:1], Fraction(1, 4))] == [[0, 0]] * 5


def test_three_squares_of_a_picture_that_lies_or_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("phonofilm.metrics._features._imagebind.PUBLISHED", imagebind.SMALL)
    lying = np.zeros((2, 28, 41, 3), np.uint8)
    lying[..., 0] = np.arange(41)
    columns = [float(cut[0, 0, 0, 0] * 0.26862954 + 0.48145466) * 255 for cut in three(lying)]
    np.testing.assert_allclose(columns, [0, 7, 13], atol=1e-3)
    standing = three(lying.transpose(0, 2, 1, 3))
    np.testing.assert_array_equal(standing.transpose(3, 4), three(lying))
    assert three(np.zeros((2, 50, 50, 3), np.uint8)).shape == (1, 3, 2, 28, 28)


def test_a_short_sound_is_filled_up_with_zeros_before_it_is_scaled() -> None:
    found = spectrogram(np.sin(np.arange(8000, dtype=np.float32)))
    assert found.shape == (1, 128, 204)
    np.testing.assert_allclose(found[..., 48:], 4.268 / 9.138, rtol=1e-6)
    assert float(found[..., :48].std()) > 0.1


def test_only_the_first_channel_is_heard(given: Given) -> None:
    reading, stereo = ImageBindSound(given), film(0.7)
    assert stereo.clip.audio is not None
    first = Clip(stereo.clip.frames, stereo.clip.audio[:1], stereo.clip.fps, 16_000)
    np.testing.assert_array_equal(reading(stereo)["features"], reading(stereo.showing(first))["features"])
    assert reading.resampler == "first channel, soxr HQ to 16000 Hz"


@pytest.mark.parametrize(("length", "rate"), [(100, 24), (96, 24), (57, 25), (300, 25), (61, Fraction(30_000, 1001))])
def test_windows_end_with_the_clip(length: int, rate: int) -> None:
    count, step = int(2 * rate), int(2 * rate) - int(1.5 * rate)
    wanted, start = [], 0
    while not wanted or wanted[-1] + count < length:
        wanted.append(min(start, length - count))
        start += step
    assert windows(length, Fraction(rate)) == (wanted, count)


def test_picture_and_sound_have_equally_many_windows() -> None:
    seen, frames, heard, samples = in_windows(250, Fraction(25), 16_000 * 10)
    assert (len(seen), frames, len(heard), samples) == (17, 50, 17, 32_000)
    assert (seen[2], heard[2]) == (26, 16_000)  # the picture is 40 ms ahead by now
    assert in_windows(250, Fraction(25), 32_000) == ([0], 250, [0], 32_000)
    assert in_windows(50, Fraction(25), 99_999) == ([0], 50, [0], 99_999)


def test_javisscore_is_the_mean_of_the_lowest_cosines(given: Given) -> None:
    """Frames at angles of which the cosines are known."""
    cosines = np.array([0.9, 0.5, -0.1, 0.3, 0.7, 0.2, 0.8, 0.6])
    frames = np.stack([cosines, np.sqrt(1 - cosines**2)], axis=1)
    sounds = np.array([[2.0, 0.0], [5.0, 0.0]])
    metric = find("javisscore", given)
    assert isinstance(metric, JavisScore)
    assert metric.agree(Windowed(frames, [0, 3], 5), sounds) == pytest.approx((0.1 + 0.25) / 2)
    assert metric.agree(Windowed(frames, [2], 2), sounds) == pytest.approx(-0.1)


def test_a_sound_too_short_to_be_heard_is_named(given: Given) -> None:
    with pytest.raises(MediaError, match="lasts 10 ms, and 25 ms"):
        find("avhscore", given).measure(film(0.01, 100))


def test_what_picture_and_sound_need_is_no_tokenizer(given: Given) -> None:
    alone = Given(weights={"imagebind": given.weights["imagebind"]})
    assert find("imagebind-audio-video", alone).measure(film(0.5)) is not None
    with pytest.raises(SettingError, match="--weights clip-tokenizer=PATH"):
        find("imagebind-text-audio", alone)
    with pytest.raises(SettingError, match=r"CC BY-NC-SA 4\.0: not for commercial use"):
        find("avhscore", Given())


def test_weights_that_do_not_fit_are_named(given: Given, tmp_path: Path) -> None:
    state = torch.load(given.weights["imagebind"])
    changes = {
        "lacks 'modality_heads.text.proj.1.weight'": {"modality_heads.text.proj.1.weight": None},
        "unknown 'modality_heads.smell.0.weight'": {"modality_heads.smell.0.weight": torch.zeros(1)},
        "another size of 'modality_heads.audio.0.bias'": {"modality_heads.audio.0.bias": torch.zeros(3)},
    }
    for number, (complaint, change) in enumerate(changes.items()):
        path = tmp_path / f"{number}.pth"
        torch.save({name: value for name, value in {**state, **change}.items() if value is not None}, path)
        with pytest.raises(WeightsError, match=complaint):
            find("avhscore", Given(weights={"imagebind": str(path)})).measure(film(0.5))


PUBLIC = {
    "pictures": [[0.12199, 0.49016, 0.12792, 0.0508], [-0.05758, 0.22392, 0.0189, -0.06743]],
    "sounds": [[0.39488, -0.28912, 0.0389, 0.31249], [0.39105, -0.28906, 0.03609, 0.31097]],
    "sentences": [[0.12991, -0.26031, -0.347, 0.46585], [0.40544, -0.10155, -0.17943, 0.30814]],
}
