"""Adapters against their description, written out once more with explicit attention scores."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from phonofilm.models.svg.adapters import CMCAdapter, Context, CrossAttentionAdapter, aligned
from tests.models.svg.small import start

B, C, WIDTH, HEAD, GROUPS = 2, 12, 10, 4, 2
TIME, PLACE, STEPS = 5, 7, 3


def adapter(kind: type[nn.Module], per_step: bool) -> nn.Module:
    module = kind(C, WIDTH, HEAD, GROUPS, per_step)
    start(module)
    return module


def attend(module: nn.Module, tokens: Tensor, source: Tensor) -> Tensor:
    """Softmax attention of ``(token, channel)``, head by head."""
    query, key, value = module.to_q(tokens), module.to_k(source), module.to_v(source)
    heads = []
    for first in range(0, C, HEAD):
        q, k, v = (part[:, first : first + HEAD] for part in (query, key, value))
        scores = (q @ k.T) / HEAD**0.5
        heads.append(scores.softmax(dim=-1) @ v)
    return module.to_out[0](torch.cat(heads, dim=-1))


def geglu(module: nn.Module, tokens: Tensor) -> Tensor:
    value, gate = module.net[0].proj(tokens).tensor_split(2, dim=-1)
    return module.net[2](value * functional.gelu(gate))


def cmc_by_hand(module: CMCAdapter, hidden: Tensor, feature: Tensor, per_step: bool) -> Tensor:
    """One sample ``(C, TIME, PLACE)``: CMC-PE on the normalised residual, without batch or fused attention."""
    block = module.transformer_blocks[0]
    flat = hidden.reshape(1, C, -1)
    normed = functional.group_norm(flat, GROUPS, module.norm.weight, module.norm.bias, eps=1e-6)
    x = functional.conv1d(normed, module.proj_in.weight[..., 0], module.proj_in.bias)[0].T.reshape(TIME, PLACE, C)
    projected = geglu(block.attn_c.proj_c, feature.T).T[None]
    projected = functional.group_norm(projected, GROUPS, block.attn_c.norm.weight, block.attn_c.norm.bias, eps=1e-6)
    condition = functional.interpolate(projected, TIME, mode="nearest")[0].T[:, None].expand(TIME, PLACE, C)

    def over_sequences(fn, x: Tensor, added: Tensor | None = None) -> Tensor:
        source = x if added is None else x + added
        if per_step:
            return torch.stack([fn(source[t]) for t in range(TIME)])
        return fn(source.reshape(-1, C)).reshape(TIME, PLACE, C)

    x = block.norm1(x)
    x = x + over_sequences(lambda s: attend(block.attn_c, s, s), x, condition)
    x = block.norm2(x)
    x = x + over_sequences(lambda s: attend(block.attn_s, s, s), x)
    x = block.norm3(x)
    x = x + geglu(block.ff, x)
    update = functional.conv1d(x.reshape(-1, C).T[None], module.proj_out.weight[..., 0], module.proj_out.bias)
    return hidden + update.reshape(C, TIME, PLACE)


@pytest.mark.parametrize("per_step", [True, False])
@torch.no_grad()
def test_cmc_is_what_its_description_says(per_step):
    module = adapter(CMCAdapter, per_step)
    hidden, feature = torch.randn(B, C, TIME, PLACE), torch.randn(B, WIDTH, STEPS)
    found = module(hidden, Context(feature))
    for i in range(B):
        torch.testing.assert_close(found[i], cmc_by_hand(module, hidden[i], feature[i], per_step), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("per_step", [True, False])
@torch.no_grad()
def test_cross_attention_is_a_spatial_transformer(per_step):
    module = adapter(CrossAttentionAdapter, per_step)
    block = module.transformer_blocks[0]
    hidden, vector = torch.randn(B, C, TIME, PLACE), torch.randn(B, 1, WIDTH)
    found = module(hidden, Context(vector))

    def image(flat: Tensor, told: Tensor) -> Tensor:
        normed = functional.group_norm(flat[None], GROUPS, module.norm.weight, module.norm.bias, eps=1e-6)
        x = functional.conv1d(normed, module.proj_in.weight[..., 0], module.proj_in.bias)[0].T
        x = x + attend(block.attn1, block.norm1(x), block.norm1(x))
        x = x + attend(block.attn2, block.norm2(x), told)
        x = x + geglu(block.ff, block.norm3(x))
        return flat + functional.conv1d(x.T[None], module.proj_out.weight[..., 0], module.proj_out.bias)[0]

    for i in range(B):
        if per_step:
            expected = torch.stack([image(hidden[i, :, t], vector[i]) for t in range(TIME)], dim=1)
        else:
            expected = image(hidden[i].flatten(1), vector[i]).reshape(C, TIME, PLACE)
        torch.testing.assert_close(found[i], expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", [CMCAdapter, CrossAttentionAdapter])
@pytest.mark.parametrize("per_step", [True, False])
def test_a_fresh_adapter_is_the_identity(kind, per_step):
    feature = torch.randn(B, WIDTH, STEPS) if kind is CMCAdapter else torch.randn(B, 1, WIDTH)
    hidden = torch.randn(B, C, TIME, PLACE)
    assert torch.equal(kind(C, WIDTH, HEAD, GROUPS, per_step)(hidden, Context(feature)), hidden)


@pytest.mark.parametrize("steps", [16, 25, 32, 50, 52])
@pytest.mark.parametrize("length", [13, 16, 26, 32, 50, 52])
def test_plain_alignment_is_nearest_neighbour(steps, length):
    feature = torch.arange(float(steps))[None, None]
    expected = functional.interpolate(feature, length, mode="nearest")[0, 0].long()
    assert torch.equal(aligned(length, Context(feature)), expected)


@pytest.mark.parametrize(
    ("frames", "rows", "stride", "level"),
    [(16, 50, 4, 1), (16, 50, 4, 2), (16, 50, 4, 4), (24, 50, 4, 2), (5, 13, 8, 4), (5, 13, 8, 8), (7, 11, 1, 1)],
)
def test_sound_hears_the_frame_on_screen(frames, rows, stride, level):
    """Position ``j`` of a level is row ``level * j``, in the middle of which one frame is on screen."""
    padded = -(-rows // stride) * stride
    context = Context(torch.zeros(1, 1, frames), Fraction(padded, rows), Fraction(1, 2 * padded))
    for position, frame in enumerate(aligned(padded // level, context).tolist()):
        seconds = (position * level + Fraction(1, 2)) / rows  # of a clip of one second
        assert frame == min(int(seconds * frames), frames - 1)


@pytest.mark.parametrize(("frames", "rows", "stride"), [(16, 50, 4), (24, 50, 4), (5, 13, 8)])
def test_a_frame_hears_the_row_at_its_middle(frames, rows, stride):
    padded = -(-rows // stride) * stride
    context = Context(torch.zeros(1, 1, padded), Fraction(rows, padded), Fraction(1, 2 * frames))
    for frame, row in enumerate(aligned(frames, context).tolist()):
        assert row == int((frame + Fraction(1, 2)) / frames * rows)


@torch.no_grad()
def test_one_frame_moves_only_the_condition_of_its_own_time():
    module = adapter(CMCAdapter, False).transformer_blocks[0].attn_c
    module.norm = nn.Identity()  # it shares statistics over time
    frames, rows = 5, 13
    feature = torch.randn(1, WIDTH, frames)
    changed = feature.clone()
    changed[..., 2] += 1
    conditions = [module.condition(Context(f, offset=Fraction(1, 2 * rows)), rows) for f in (feature, changed)]
    moved = (conditions[0] != conditions[1]).any(dim=-1)[0]
    # Frame 2 of 5 lasts from 0.4 to 0.6; row j's middle is at (j + 0.5) / 13.
    assert moved.nonzero()[:, 0].tolist() == [5, 6, 7]


@torch.no_grad()
def test_pictures_attend_within_a_frame_only():
    module, feature = adapter(CMCAdapter, True), torch.randn(1, WIDTH, STEPS)
    hidden = torch.randn(1, C, TIME, PLACE)
    module.norm = nn.Identity()  # it shares statistics over frames
    changed = hidden.clone()
    changed[:, :, 1] += torch.randn(C, PLACE)
    moved = (module(hidden, Context(feature)) != module(changed, Context(feature))).any(dim=1).any(dim=-1)[0]
    assert moved.tolist() == [False, True, False, False, False]
