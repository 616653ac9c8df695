from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import pytest
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.models.unets.unet_motion_model import UNetMotionModel
from torch.nn import functional

from phonofilm.diffusion.parameterization import VELOCITY, NetworkDenoiser
from phonofilm.diffusion.schedule import RectifiedFlow
from phonofilm.errors import SettingError
from phonofilm.models.svg.adapters import Context
from phonofilm.models.svg.config import Coupling
from phonofilm.models.svg.hooks import install
from phonofilm.pair import AV
from tests.models.svg.small import B, C, F, H, M, T, W, inputs, small, start

COUPLED = [Coupling.CMC_PE, Coupling.CROSS_ATTENTION]


def heard(network, x, t) -> AV[Context]:
    return network.shared(x, t, None).swap().map(Context)


@pytest.mark.parametrize("kind", list(Coupling))
def test_predictions_have_the_latents_sizes(kind):
    network, (x, t, cond) = small(kind), inputs()
    with torch.no_grad():
        out = network(x, t, cond, network.shared(x, t))
    assert out.map(lambda y: y.shape) == x.map(lambda y: y.shape)
    assert all(y.isfinite().all() for y in out)


@pytest.mark.parametrize("kind", COUPLED)
@torch.no_grad()
def test_fresh_adapters_change_no_bit(kind):
    network, (x, t, cond) = small(kind, started=False), inputs()
    context = heard(network, x, t)
    assert torch.equal(
        network.video(x.video, t.video, cond.video), network.video(x.video, t.video, cond.video, context.video)
    )
    assert torch.equal(
        network.audio(x.audio, t.audio, cond.audio), network.audio(x.audio, t.audio, cond.audio, context.audio)
    )


@pytest.mark.parametrize("kind", COUPLED)
@torch.no_grad()
def test_without_context_it_is_the_stock_unets(kind):
    network, (x, t, cond) = small(kind), inputs()
    video, audio = UNetMotionModel(**network.config.video_unet), UNet2DConditionModel(**network.config.audio_unet)
    video.load_state_dict(network.video_unet.state_dict())
    audio.load_state_dict(network.audio_unet.state_dict())
    states = cond.video[:, None].expand(-1, F, -1, -1).flatten(0, 1)
    wide = functional.pad(x.video, (0, 12 - W, 0, 8 - H))
    long = functional.pad(x.audio, (0, 12 - M, 0, 16 - T))
    expected = AV(video(wide, t.video, states).sample, audio(long, t.audio, None, class_labels=cond.audio).sample)
    assert torch.equal(network.video(x.video, t.video, cond.video), expected.video[..., :H, :W])
    assert torch.equal(network.audio(x.audio, t.audio, cond.audio), expected.audio[..., :T, :M])


@torch.no_grad()
def test_adapters_come_off_again():
    network, (x, t, cond) = small(started=False), inputs()
    plain = network.video(x.video, t.video, cond.video)
    other = small(seed=2).coupling.connector_in_video
    handles = install(network.video_unet, other)
    context = heard(network, x, t).video
    assert not torch.allclose(network.video(x.video, t.video, cond.video, context), plain)
    for handle in handles:
        handle.remove()
    assert torch.equal(network.video(x.video, t.video, cond.video, context), plain)


@torch.no_grad()
def test_last_two_down_and_first_two_up_blocks_are_adapted_and_their_last_skip_too():
    network, (x, t, cond) = small(), inputs()
    seen = {}

    def watch(place):
        return lambda block, args, kwargs, output: seen.setdefault(place, []).append(output)

    down, up = network.audio_unet.down_blocks, network.audio_unet.up_blocks
    for half, blocks in (("down", down), ("up", up)):
        for index, block in enumerate(blocks):
            block.register_forward_hook(watch((half, index)), with_kwargs=True)
    network.audio(x.audio, t.audio, cond.audio)
    network.audio(x.audio, t.audio, cond.audio, heard(network, x, t).audio)
    (plain, skips), (adapted, adapted_skips) = seen["down", 1]
    assert not torch.allclose(plain, adapted)
    assert adapted_skips[-1] is adapted
    assert all(torch.equal(a, b) for a, b in zip(skips[:-1], adapted_skips[:-1], strict=True))
    assert torch.equal(*(output[0] for output in seen["down", 0]))
    assert set(network.coupling.connector_in_audio.down) == {1, 2}
    assert set(network.coupling.connector_in_audio.up) == {0, 1}


@pytest.mark.parametrize("kind", COUPLED)
@torch.no_grad()
def test_each_modality_hears_the_other(kind):
    network, (x, t, cond) = small(kind), inputs()
    before = network(x, t, cond, network.shared(x, t))
    changed = AV(x.video, x.audio + torch.randn_like(x.audio))
    after = network(x, t, cond, network.shared(changed, t))
    assert torch.equal(before.audio, after.audio)
    assert not torch.allclose(before.video, after.video)
    louder = AV(x.video + torch.randn_like(x.video), x.audio)
    after = network(x, t, cond, network.shared(louder, t))
    assert torch.equal(before.video, after.video)
    assert not torch.allclose(before.audio, after.audio)


@torch.no_grad()
def test_an_uncoupled_pair_does_not_hear():
    network, (x, t, cond) = small(Coupling.NONE), inputs()
    assert network.shared(x, t) == AV(None, None)
    before = network(x, t, cond, AV(None, None))
    after = network(AV(x.video, x.audio + 1), t, cond, AV(None, None))
    assert torch.equal(before.video, after.video)


@torch.no_grad()
def test_a_modality_can_be_left_out():
    network, (x, t, cond) = small(), inputs()
    for only in (AV(x.video, None), AV(None, x.audio)):
        shared = network.shared(only, t)
        out = network(only, t, cond, shared)
        assert shared == AV(None, None)
        assert [y is None for y in out] == [y is None for y in only]


@torch.no_grad()
def test_connectors_read_their_own_noise_level_and_the_previous_estimate():
    network, (x, t, _) = small(), inputs()
    plain = network.shared(x, t)
    assert network.shared(x, t, x.map(torch.zeros_like)).map(torch.equal, plain) == AV(True, True)
    assert network.shared(x, t, x).map(torch.allclose, plain) == AV(False, False)
    assert network.shared(x, t.map(lambda levels: levels + 50)).map(torch.allclose, plain) == AV(False, False)


@torch.no_grad()
def test_features_keep_time_and_have_unit_norm():
    network, (x, t, _) = small(), inputs()
    shared = network.shared(x, t)
    assert shared.map(lambda f: f.shape) == AV((B, 24, F), (B, 24, 16))
    assert all(torch.allclose(f.norm(dim=-1), torch.ones(B, 24), atol=1e-5) for f in shared)
    assert small(sound_stride=2).shared(x, t).audio.shape == (B, 24, 8)
    vector = small(Coupling.CROSS_ATTENTION).shared(x, t)
    assert vector.map(lambda f: f.shape) == AV((B, 1, 24), (B, 1, 24))
    assert all(torch.allclose(f.norm(dim=-1), torch.ones(B, 1), atol=1e-5) for f in vector)


@pytest.mark.parametrize("kind", COUPLED)
def test_a_feature_of_zeros_stays_zeros_with_finite_gradients(kind):
    network, (x, t, _) = small(kind), inputs()
    last = network.coupling.connector_out_video[-1][-1]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.zeros_(last.bias)
    feature = network.shared(x, t).video
    assert not feature.any()
    feature.sum().backward()
    assert last.weight.grad.isfinite().all()


@pytest.mark.parametrize("kind", COUPLED)
@torch.no_grad()
def test_guidance_halves_at_once_equal_two_calls(kind):
    network, (x, _, cond) = small(kind), inputs()
    denoiser = NetworkDenoiser(network, AV.both(RectifiedFlow()), AV.both(VELOCITY))
    s = AV(torch.tensor([0.9, 0.4]), torch.tensor([0.2, 1.0]))
    null = cond.map(torch.zeros_like)
    together = denoiser.each(x, s, [cond, null], x)
    for found, one in zip(together, (cond, null), strict=True):
        for a, b in zip(found, denoiser(x, s, one, x), strict=True):
            torch.testing.assert_close(a, b, atol=2e-5, rtol=1e-4)
    assert not torch.allclose(together[0].video, together[1].video)


@torch.no_grad()
def test_samples_do_not_mix():
    network, (x, t, cond) = small(), inputs()
    whole = network(x, t, cond, network.shared(x, t))
    for index in range(B):
        one, at, told = (pair.map(lambda y, i=index: y[i : i + 1]) for pair in (x, t, cond))
        alone = network(one, at, told, network.shared(one, at))
        for a, b in zip(alone, whole, strict=True):
            torch.testing.assert_close(a[0], b[index], atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", list(Coupling))
def test_gradients_reach_all_that_trains_jointly_and_nothing_else(kind):
    network, (x, t, cond) = small(kind), inputs()
    trained = {name: value for side in network.trainable("joint").present() for name, value in side.items()}
    for name, value in network.named_parameters():
        value.requires_grad_(name in trained)
    out = network(x, t, cond, network.shared(x, t, x))
    sum(y.square().mean() for y in out).backward()
    # Softmax ignores a bias common to all scores, and with one token whatever the query and its norm say.
    indifferent = (
        "rel_pos_bias.net.2.bias",
        *((".attn2.to_q", ".attn2.to_k", ".norm2") if "cross" in kind.value else ()),
    )
    dead = {name for name, value in trained.items() if value.grad is None or not value.grad.any()}
    assert {name for name in dead if not any(part in name for part in indifferent)} == set()
    assert all(value.grad is None for name, value in network.named_parameters() if name not in trained)


def test_what_trains_in_each_stage():
    network = small()
    joint = network.trainable("joint")
    assert network.trainable("video").video.keys() == {
        n for n, _ in network.named_parameters() if n.startswith("video_unet.")
    }
    assert network.trainable("audio").audio.keys() == {
        n for n, _ in network.named_parameters() if n.startswith("audio_unet.")
    }
    assert network.trainable("video").audio is None
    assert not joint.video.keys() & joint.audio.keys()
    coupling = {n for n, _ in network.named_parameters() if n.startswith("coupling.")}
    motion = {n for n, _ in network.named_parameters() if "motion_modules" in n}
    assert motion
    assert joint.video.keys() | joint.audio.keys() == coupling | motion
    assert small(Coupling.NONE).trainable("joint").audio is None
    with pytest.raises(SettingError, match="did you mean 'joint'"):
        network.trainable("jiont")


def test_a_modality_trains_what_serves_it():
    """The video loss alone moves exactly what is listed under video."""
    network, (x, t, cond) = small(), inputs()
    context = network.shared(x, t).swap().map(Context)
    network.video(x.video, t.video, cond.video, context.video).square().mean().backward()
    moved = {name for name, value in network.named_parameters() if value.grad is not None and value.grad.any()}
    joint = network.trainable("joint")
    assert moved & joint.audio.keys() == set()
    assert "coupling.connector_out_audio.0.0.weight" in moved & joint.video.keys()


@pytest.mark.parametrize("kind", COUPLED)
@torch.no_grad()
def test_bfloat16_autocast_is_close(kind):
    network, (x, t, cond) = small(kind), inputs()
    exact = network(x, t, cond, network.shared(x, t))
    with torch.autocast("cpu", torch.bfloat16):
        rough = network(x, t, cond, network.shared(x, t))
    for a, b in zip(exact, rough, strict=True):
        assert (a - b.float()).norm() / a.norm() < 0.05


@torch.no_grad()
def test_a_copy_has_adapters_of_its_own():
    network, (x, t, cond) = small(), inputs()
    before = network(x, t, cond, network.shared(x, t))
    twin = copy.deepcopy(network)
    start(twin.coupling)
    for value in twin.coupling.connector_in_video.parameters():
        value.normal_(std=0.3)
    shared = network.shared(x, t)
    assert torch.equal(network(x, t, cond, shared).video, before.video)
    assert not torch.allclose(twin(x, t, cond, shared).video, before.video)


@torch.no_grad()
def test_threads_do_not_hear_each_others_context():
    network, (x, t, cond) = small(), inputs()
    contexts = [Context(torch.randn(B, 24, 4, generator=torch.Generator().manual_seed(i))) for i in range(3)]

    def predict(context):
        return network.audio(x.audio, t.audio, cond.audio, context)

    alone = [predict(context) for context in contexts]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(predict, contexts * 4))
    assert all(torch.equal(found, alone[i % 3]) for i, found in enumerate(together))


def test_alignment_follows_true_time():
    """13 sound rows are padded to 16; the 5 frames last as long as the 13 rows."""
    x = inputs()[0]
    stretch, middle = small()._alignment(x)
    assert stretch == AV(Fraction(13, 16), Fraction(16, 13))
    assert middle == AV(Fraction(1, 10), Fraction(1, 32))
    assert small(exact_alignment=False)._alignment(x) == (AV(1, 1), AV(0, 0))


@torch.no_grad()
def test_fresh_features_tell_clips_apart():
    """What all clips share says nothing: an eighth of 8 unrelated ones, more where the padding of the sound shows."""
    network = small(started=False)
    generator = torch.Generator().manual_seed(2)
    x = AV(torch.randn(8, C, F, H, W, generator=generator), torch.randn(8, C, T, M, generator=generator))
    features = network.shared(x, AV.both(torch.full((8,), 500.0)))
    for feature, most in zip(features, (0.3, 0.65), strict=True):
        common = feature.mean(0).square().sum() / feature.square().mean(0).sum()
        assert common < most
        torch.testing.assert_close(feature.norm(dim=-1), torch.ones(feature.shape[:2]))
        torch.testing.assert_close(feature.mean(-1), torch.zeros(feature.shape[:2]), atol=1e-4, rtol=0)


@pytest.mark.parametrize("per_step", [True, False])
@torch.no_grad()
def test_sound_adapters_attend_within_steps_or_over_the_clip(per_step):
    adapter = small(sound_per_step=per_step).coupling.adapters.audio.down[1].transformer_blocks[0]
    hidden, context = torch.randn(1, 32, 7, 3), Context(torch.randn(1, 24, 7))
    changed = hidden.clone()
    changed[:, :, 4] += 1
    moved = (adapter(hidden, context) != adapter(changed, context)).flatten(3).any(3).any(1)[0]
    assert moved.tolist() == [not per_step or step == 4 for step in range(7)]
