"""Connector layers against their description, written out with loops."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch

from phonofilm.models.svg.connectors import (
    Connector,
    FrameShift,
    RelativeBias,
    ShiftFeedForward,
    TemporalAttention,
    TimeNorm,
    delay,
    sinusoid,
)
from tests.models.svg.small import start

C, STEPS = 16, 5


def test_delay_moves_later_and_keeps_the_length():
    video = torch.randn(2, 3, STEPS, 7, 11)
    for steps in range(STEPS + 3):
        late = delay(video, steps)
        for step in range(STEPS):
            expected = video[:, :, step - steps] if step >= steps else torch.zeros(2, 3, 7, 11)
            assert torch.equal(late[:, :, step], expected)


def test_sinusoid_frequencies_run_from_1_to_1e_4():
    code = sinusoid(torch.tensor([0.0, 1.0, 2.5]), 6)
    for row, position in zip(code, (0.0, 1.0, 2.5), strict=True):
        angles = torch.tensor([position, position * 1e-2, position * 1e-4])
        torch.testing.assert_close(row, torch.cat([angles.sin(), angles.cos()]))


@torch.no_grad()
def test_time_norm_runs_over_steps():
    norm = TimeNorm(C)
    norm.g.copy_(torch.linspace(1, 2, C))
    tokens = torch.randn(3, STEPS, C) * 4 + 7
    normed = norm(tokens) / norm.g
    torch.testing.assert_close(normed.mean(dim=1), torch.zeros(3, C), atol=1e-5, rtol=0)
    torch.testing.assert_close(normed.var(dim=1, correction=0), torch.ones(3, C))
    assert torch.equal(norm(torch.full((3, STEPS, C), 7.0)), torch.zeros(3, STEPS, C))


@torch.no_grad()
def test_relative_bias_is_a_function_of_the_signed_distance():
    bias = RelativeBias(6, 8)
    start(bias)
    found = bias(STEPS)
    for query in range(STEPS):
        for key in range(STEPS):
            distance = torch.tensor([float(query - key)])
            hidden = distance.sign() * torch.log(1 + distance.abs())
            for layer in bias.net:
                hidden = layer(hidden)
            torch.testing.assert_close(found[:, query, key], hidden)


@torch.no_grad()
def test_temporal_attention_by_hand():
    attention, rate = TemporalAttention(C, Fraction(8)), 8
    start(attention)
    tokens, bias = torch.randn(3, STEPS, C), torch.randn(8, STEPS, STEPS)
    found = attention(tokens, bias)
    normed = attention.norm(tokens + sinusoid(torch.arange(STEPS) / rate, C))
    query = attention.to_q(normed).reshape(3, STEPS, 8, -1)
    key, value = (part.reshape(3, STEPS, 8, -1) for part in attention.to_kv(normed).split(2 * C, dim=-1))
    assert query.shape[-1] == C // 4
    scores = torch.einsum("pihd,pjhd->phij", query, key) / query.shape[-1] ** 0.5 + bias
    mixed = torch.einsum("phij,pjhd->pihd", scores.softmax(dim=-1), value).reshape(3, STEPS, -1)
    torch.testing.assert_close(found, attention.to_out(mixed), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_half_of_the_feed_forward_sees_the_step_before():
    layer = ShiftFeedForward(C)
    start(layer)
    video = torch.randn(1, C, STEPS, 2, 3)
    changed = video.clone()
    changed[:, :, 2] += 1
    moved = (layer(video) != layer(changed)).flatten(3).any(dim=3).any(dim=1)[0]
    assert moved.tolist() == [False, False, True, True, False]
    assert layer.proj_out[1].weight.shape[1] == 42  # int(16 * 8 / 3)


@torch.no_grad()
def test_frame_shift_delays_group_i_by_i_steps():
    layer = FrameShift(C, 2)
    start(layer)
    video = torch.randn(2, C, STEPS, 3, 4)
    update = (layer(video) - video).unflatten(1, (8, 2))
    for group in range(8):
        for step in range(STEPS):
            source = step - group
            expected = layer.out_layers(video[:, :, source]).unflatten(1, (8, 2))[:, group] if source >= 0 else 0.0
            found = update[:, group, :, step]
            torch.testing.assert_close(found, torch.zeros_like(found) + expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("rate", "stride", "rows"), [(Fraction(8), 2, 4), (None, 2, 4), (None, 1, 7)])
@torch.no_grad()
def test_connectors_keep_steps_and_halve_columns(rate, stride, rows):
    steps = 5 if rate else 1
    connector = Connector(3, 16, (1, 2), 10, 12, 8, rate, stride)
    start(connector)
    feature = connector(torch.randn(2, 3, steps, 7, 11), torch.randn(2, 12))
    assert feature.shape == (2, 10, steps, rows, 6)


@torch.no_grad()
def test_the_noise_level_reaches_the_feature():
    connector = Connector(3, 16, (1, 2), 10, 12, 8, None)
    start(connector)
    latents = torch.randn(2, 3, 1, 7, 11)
    one, other = (connector(latents, embedding) for embedding in torch.randn(2, 2, 12))
    assert not torch.allclose(one, other)
