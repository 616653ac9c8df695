"""I3D: the network against the public implementation, and how clips are brought before it."""

import hashlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from phonofilm.errors import MediaError, SettingError, WeightsError
from phonofilm.media.clip import Clip
from phonofilm.metrics import Given, Subject
from phonofilm.metrics._features import _frames, _resizing, i3d
from tests.metrics.sown import moving, sow
from tests.metrics.tiny import i3d as tiny

READINGS = (i3d.I3dStyleganV, i3d.I3dMmDiffusion, i3d.I3dJavisBench)


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    return Given(weights=tiny.give(tmp_path, monkeypatch))


class Recorder:
    """A network that keeps what it is shown."""

    def __call__(self, x, **asked):
        self.x, self.asked = x, asked
        return torch.zeros(1, i3d.PUBLISHED.classes)


def shown(reading, clip, given):
    """The clip ``(3, F, 224, 224)`` as it comes to the network."""
    extractor = reading(given)
    extractor.__dict__["network"] = recorder = Recorder()
    extractor(Subject("clip", clip))
    return recorder


# --- the network


def test_the_layout_is_the_published_one():
    """The digest is of names and shapes of InceptionI3d(400) in MM-Diffusion's evaluations/fvd/pytorch_i3d.py."""
    with torch.device("meta"):
        state = i3d.InceptionI3d(i3d.PUBLISHED).state_dict()
    lines = "\n".join(f"{name} {tuple(value.shape)}" for name, value in sorted(state.items()))
    assert hashlib.sha256(lines.encode()).hexdigest()[:16] == "97cd133f75d479bd"


def test_logits_are_those_of_the_public_implementation():
    """Numbers made by that file (of JavisDiT's copy) with the same sown weights and the same clip."""
    torch.set_num_threads(1)
    network = sow(i3d.InceptionI3d(i3d.PUBLISHED))
    with torch.no_grad():
        found = network((2 * _resizing.planes(moving(16, 224, 224).frames) - 1).transpose(0, 1)[None])
    expected = [0.91055888, -9.02079868, 0.51295334, -2.49837279, -4.22485685, 5.30263567]
    assert found.shape == (1, 400)
    assert found[0, :6].tolist() == pytest.approx(expected, rel=1e-4, abs=1e-4)
    assert float(found.std()) == pytest.approx(5.69406557, rel=1e-4)


@pytest.mark.parametrize(("window", "step"), [(7, 2), (3, 1), (3, 2), (2, 2), (1, 1)])
def test_same_padding_by_hand(window, step):
    """Output i of a direction begins at i * step - front, and there are ceil(size / step) of them."""
    x = torch.arange(5 * 7 * 11, dtype=torch.float64).sin().abs().reshape(1, 1, 5, 7, 11)
    found = i3d.pooled(x, (window,) * 3, (step,) * 3)[0, 0]
    sizes = (5, 7, 11)
    assert found.shape == tuple(-(-size // step) for size in sizes)
    fronts = [max((-(-size // step) - 1) * step + window - size, 0) // 2 for size in sizes]
    for place in np.ndindex(*found.shape):
        spans = [
            slice(max(i * step - front, 0), i * step - front + window) for i, front in zip(place, fronts, strict=True)
        ]
        assert found[place] == x[0, 0][tuple(spans)].max()


def test_units_are_normalised_and_rectified():
    unit = sow(i3d.Unit(2, 3, 3, 2))
    x = torch.randn(1, 2, 5, 7, 11, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        raw = unit.conv3d(nn.functional.pad(x, (1, 1, 1, 1, 1, 1)))
        found = unit(x)
    bn = unit.bn
    scaled = (raw - bn.running_mean.view(-1, 1, 1, 1)) / (bn.running_var.view(-1, 1, 1, 1) + 1e-5).sqrt()
    expected = (scaled * bn.weight.view(-1, 1, 1, 1) + bn.bias.view(-1, 1, 1, 1)).clamp(min=0)
    assert torch.allclose(found, expected, atol=1e-6)
    assert (found == 0).any() and (found > 0).any()


# --- what it is shown


@pytest.mark.parametrize(
    ("reading", "frames", "mean", "std", "pixels"),
    [
        (i3d.I3dStyleganV, 16, 5.7563e-06, 0.70002508, (0.82904160, -0.33842164, 0.05327272)),
        (i3d.I3dMmDiffusion, 16, -0.40625033, 0.70761257, (-0.71608615, -1.0, -0.01820582)),
        (i3d.I3dJavisBench, 16, 0.29518542, 0.36521271, (0.13725495, -0.00392157, 0.19215691)),
    ],
)
def test_clips_are_shown_as_published(reading, frames, mean, std, pixels, given):
    """Of a clip of 48 frames of 90 x 150 at 30 a second.

    Numbers made with the public preprocessing: common_metrics_on_video_quality's; MM-Diffusion's with the Resize and
    Pad of torchvision 0.29, antialiasing off; JavisBench's with torchvision 0.29 on 24 frames, and by the interpolation
    of torch that this calls on 24 and on the 16 of its README. There were no differences at all.
    """
    clip = moving(48, 90, 150, fps=30)
    found = shown(reading, clip, given).x[0]
    assert found.shape == (3, frames, 224, 224)
    assert float(found.mean()) == pytest.approx(mean, abs=1e-5)
    assert float(found.std()) == pytest.approx(std, abs=1e-5)
    assert [float(found[c, t, y, x]) for c, t, y, x in ((0, 3, 100, 50), (1, -1, 200, 223), (2, 5, 70, 90))] == (
        pytest.approx(pixels, abs=1e-5)
    )


def test_mm_diffusion_sees_ten_frames_a_second(given):
    slow = moving(16, fps=10)
    fast = Clip(slow.frames.repeat(3, axis=0), slow.audio, Fraction(30), slow.sample_rate)
    longer = Clip(np.concatenate([slow.frames, slow.frames]), slow.audio, Fraction(10), slow.sample_rate)
    one, other, third = (shown(i3d.I3dMmDiffusion, clip, given).x for clip in (slow, fast, longer))
    assert torch.equal(one, other)
    assert torch.equal(one, third)


def test_frames_by_rate_are_those_on_screen_when_a_tick_begins():
    frames = np.arange(10)
    assert _frames.at_rate(frames, Fraction(25), Fraction(10)).tolist() == [0, 2, 5, 7]
    assert _frames.at_rate(frames, Fraction(8), Fraction(10)).tolist() == [0, 0, 1, 2, 3, 4, 4, 5, 6, 7, 8, 8]
    assert _frames.spread(frames, 4).tolist() == [0, 3, 6, 9]
    assert _frames.spread(frames[:2], 4).tolist() == [0, 0, 1, 1]


def test_javisbench_halves_the_contrast(given):
    """Black is grey there, and white is white: published values were made so."""
    frames = np.zeros((5, 8, 8, 3), np.uint8)
    frames[:, :, 4:] = 255
    found = shown(i3d.I3dJavisBench, Clip(frames, None, Fraction(8), 16_000), given).x
    assert float(found.min()) == pytest.approx(2 * 127 / 255 - 1)
    assert float(found.max()) == 1.0


def test_the_script_is_asked_for_raw_features(given):
    asked = shown(i3d.I3dStyleganV, moving(), given).asked
    assert asked == {"rescale": False, "resize": False, "return_features": True}


# --- readings of a small network


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (i3d.I3dStyleganV, [-0.079134, -0.059979, -0.016241, 0.011022, 0.057095]),
        (i3d.I3dMmDiffusion, [0.153064, -0.001282, 0.099381, -0.183143, -0.081164]),
        (i3d.I3dJavisBench, [0.105784, -0.006726, 0.048996, -0.13805, -0.032982]),
    ],
)
def test_features_of_a_small_network(reading, expected, given):
    """Pinned: with other numbers the version has to grow."""
    found = reading(given)(Subject("clip", moving(48, 90, 150, fps=30)))["features"]
    assert found.shape == (1, 5)
    assert found[0].tolist() == pytest.approx(expected, abs=2e-5)


def test_ids_tell_readings_apart(given):
    assert len({reading(given).id for reading in READINGS}) == 3
    assert all("16f" in reading(given).id for reading in READINGS)


@pytest.mark.parametrize(
    ("reading", "frames", "fps", "words"),
    [
        (i3d.I3dStyleganV, 15, 8, r"has 15 frames at 8 a second, and 16 are needed: choose clips of at least 2 s"),
        (
            i3d.I3dMmDiffusion,
            30,
            20,
            r"has 15 frames at 10 a second, and 16 are needed: choose clips of at least 1.6 s",
        ),
    ],
)
def test_short_clips_are_refused(reading, frames, fps, words, given):
    with pytest.raises(MediaError, match=words):
        reading(given)(Subject("clip", moving(frames, fps=fps)))


@pytest.mark.parametrize("reading", READINGS)
def test_a_clip_without_picture_is_refused(reading, given):
    clip = Clip(None, np.zeros((1, 99), np.float32), Fraction(8), 16_000)
    with pytest.raises(MediaError, match="mute has no picture"):
        reading(given)(Subject("mute", clip))


# --- weights


def test_weights_must_be_named():
    with pytest.raises(SettingError, match=r"i3d-torchscript .* --weights i3d-torchscript=PATH"):
        i3d.I3dStyleganV(Given())


def test_weights_without_counters_are_as_good(given):
    """Early PyTorch did not keep them."""
    path = Path(given.weights["i3d-400"])
    state = torch.load(path, weights_only=True)
    torch.save({name: value for name, value in state.items() if "num_batches" not in name}, path)
    assert i3d.I3dMmDiffusion(given)(Subject("clip", moving()))["features"].shape == (1, 5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state.pop("logits.conv3d.bias"), r"lacks 'logits.conv3d.bias'"),
        (lambda state: state.update({"head.weight": torch.zeros(1)}), r"has the unknown 'head.weight'"),
        (lambda state: state.update({"logits.conv3d.bias": torch.zeros(6)}), r"another size of 'logits.conv3d.bias'"),
    ],
)
def test_weights_of_another_network_are_refused(change, words, given):
    path = Path(given.weights["i3d-400"])
    state = torch.load(path, weights_only=True)
    change(state)
    torch.save(state, path)
    with pytest.raises(WeightsError, match=words):
        i3d.I3dMmDiffusion(given)(Subject("clip", moving()))


class Foreign(nn.Module):
    """A script that takes nothing but a clip."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


class Narrow(tiny.Script):
    """A script that gives other features."""

    def forward(
        self, x: torch.Tensor, rescale: bool = False, resize: bool = False, return_features: bool = False
    ) -> torch.Tensor:
        return x.mean(dim=(2, 3, 4))


@pytest.mark.parametrize(
    ("kind", "words"), [(Foreign, "is a script of another network"), (Narrow, r"gives features \(1, 3\), not \(1, 5\)")]
)
def test_scripts_of_another_network_are_refused(kind, words, given):
    torch.jit.script(kind()).save(given.weights["i3d-torchscript"])
    with pytest.raises(WeightsError, match=words):
        i3d.I3dStyleganV(given)(Subject("clip", moving()))


def test_a_damaged_script_is_refused(given):
    Path(given.weights["i3d-torchscript"]).write_bytes(b"PK no zip")
    with pytest.raises(WeightsError, match="cannot be read as a TorchScript file"):
        i3d.I3dStyleganV(given)(Subject("clip", moving()))
