"""The network Synchformer (arXiv 2401.16423): names and shapes of its weights are those that were published.

Three parts. MotionFormer (arXiv 2106.05392, "divided" attention) looks at 16 frames: 8 x 14 x 14 patches of 2 x 16 x 16
pixels; what it makes of the 196 patches of each of the 8 moments is gathered by one more layer into one vector. AST
(arXiv 2104.01778) listens to 66 spectra of 128 mel bands: 12 x 6 overlapping patches; the 12 of each of the 6
moments are gathered likewise. A transformer over both rows of vectors, of 14 overlapping segments in a line,
says by which of 21 offsets the sound is early.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention


@dataclass(frozen=True)
class Sizes:
    """Of a Synchformer.

    Attributes:
        width: of all vectors.
        video_depth, video_heads: of MotionFormer and of the layer that gathers its patches.
        audio_depth, audio_heads: of AST and of the layer that gathers its patches.
        joint_depth, joint_heads: of the transformer over both.
        segments: in a line, at most.
        side, patch: pixels of a picture, and of a patch of it.
        classes: offsets to choose from.
    """

    width: int = 768
    video_depth: int = 12
    video_heads: int = 12
    audio_depth: int = 12
    audio_heads: int = 12
    joint_depth: int = 3
    joint_heads: int = 8
    segments: int = 14
    side: int = 224
    patch: int = 16
    classes: int = 21


FRAMES, MOMENTS = 16, 8
MELS, SPECTRA = 128, 66
AUDIO_PATCH, AUDIO_STRIDE = 16, 10
BANDS, STEPS = ((size - AUDIO_PATCH) // AUDIO_STRIDE + 1 for size in (MELS, SPECTRA))


class Gather(nn.TransformerEncoderLayer):
    """One pre-norm layer over a learned token and the vectors ``(n, vectors, width)``; what becomes of the token."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__(
            width, heads, 4 * width, 0.0, nn.GELU(), layer_norm_eps=1e-6, batch_first=True, norm_first=True
        )
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))

    def forward(self, x: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]  # no masks here
        """``(n, vectors, width)`` to ``(n, width)``."""
        return super().forward(torch.cat([self.cls_token.expand(len(x), -1, -1), x], dim=1))[:, 0]


class DividedAttention(nn.Module):
    """The first token attends to all; a patch to the first token and to those at its own moment, or its own place."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, moments: int, *, over_time: bool) -> Tensor:
        """Tokens ``(n, 1 + moments * places, width)`` to the same shape."""
        q, k, v = (part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1))
        first = scaled_dot_product_attention(q[:, :, :1], k, v)
        own, others, values = (_groups(part, moments, over_time) for part in (q, k, v))
        rest = scaled_dot_product_attention(own[:, :, :, 1:], others, values)
        rest = (rest.transpose(2, 3) if over_time else rest).flatten(2, 3)
        return self.proj(torch.cat([first, rest], dim=2).transpose(1, 2).flatten(2))


def _groups(part: Tensor, moments: int, over_time: bool) -> Tensor:
    """Tokens ``(n, heads, 1 + moments * places, e)`` as ``(n, heads, groups, 1 + members, e)``, the first in each."""
    groups = part[:, :, 1:].unflatten(2, (moments, -1))
    groups = groups.transpose(2, 3) if over_time else groups
    return torch.cat([part[:, :, None, :1].expand(-1, -1, groups.shape[2], -1, -1), groups], dim=3)


class _Mlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1, self.act, self.fc2 = nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.act(self.fc1(x)))


class _DividedBlock(nn.Module):
    """Over time, then over places, then each token alone."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width, eps=1e-6) for _ in range(3))
        self.attn, self.timeattn = DividedAttention(width, heads), DividedAttention(width, heads)
        self.mlp = _Mlp(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.timeattn(self.norm3(x), MOMENTS, over_time=True)
        x = x + self.attn(self.norm1(x), MOMENTS, over_time=False)
        return x + self.mlp(self.norm2(x))


class _Patches(nn.Module):
    def __init__(self, proj: nn.Module) -> None:
        super().__init__()
        self.proj = proj

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(x).flatten(2).transpose(1, 2)


class MotionFormer(nn.Module):
    """Frames in [-1, 1] ``(n, 3, 16, side, side)`` to ``(n, 8, width)``."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width, patch = sizes.width, sizes.patch
        places = (sizes.side // patch) ** 2
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + places, width))
        self.temp_embed = nn.Parameter(torch.zeros(1, MOMENTS, width))
        self.patch_embed = _Patches(nn.Conv2d(3, width, patch, patch))  # published, and not used
        self.patch_embed_3d = _Patches(nn.Conv3d(3, width, (FRAMES // MOMENTS, patch, patch), (2, patch, patch)))
        self.blocks = nn.ModuleList(_DividedBlock(width, sizes.video_heads) for _ in range(sizes.video_depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.spatial_attn_agg = Gather(width, sizes.video_heads)

    def forward(self, frames: Tensor) -> Tensor:
        """See the class."""
        x = self.patch_embed_3d(frames).unflatten(1, (MOMENTS, -1))
        x = (x + self.pos_embed[:, None, 1:] + self.temp_embed[:, :, None]).flatten(1, 2)
        first = self.cls_token + self.pos_embed[:, :1]
        x = torch.cat([first.expand(len(x), -1, -1), x], dim=1)
        for block in self.blocks:
            x = block(x)
        places = self.norm(x[:, 1:]).unflatten(1, (MOMENTS, -1))
        return self.spatial_attn_agg(places.flatten(0, 1)).unflatten(0, (-1, MOMENTS))


class _Dense(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(x)


class _Heads(nn.Module):
    """Attention of each token to all, without the layer behind it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        parts = (part(x) for part in (self.query, self.key, self.value))
        q, k, v = (part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in parts)
        return scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


class _AstAttention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention, self.output = _Heads(width, heads), _Dense(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.attention(x))


class _AstLayer(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention = _AstAttention(width, heads)
        self.intermediate, self.output = _Dense(width, 4 * width), _Dense(4 * width, width)
        self.layernorm_before, self.layernorm_after = nn.LayerNorm(width, eps=1e-12), nn.LayerNorm(width, eps=1e-12)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.layernorm_before(x))
        return x + self.output(nn.functional.gelu(self.intermediate(self.layernorm_after(x))))


class _AstPatches(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.projection = nn.Conv2d(1, width, AUDIO_PATCH, AUDIO_STRIDE)

    def forward(self, mel: Tensor) -> Tensor:
        return self.projection(mel[:, None]).flatten(2).transpose(1, 2)


class _AstEmbeddings(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.distillation_token = nn.Parameter(torch.zeros(1, 1, width))
        self.patch_embeddings = _AstPatches(width)
        self.position_embeddings = nn.Parameter(torch.zeros(1, BANDS * STEPS + 2, width))

    def forward(self, mel: Tensor) -> Tensor:
        tokens = torch.cat([self.cls_token, self.distillation_token], dim=1).expand(len(mel), -1, -1)
        return torch.cat([tokens, self.patch_embeddings(mel)], dim=1) + self.position_embeddings


class _AstEncoder(nn.Module):
    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.layer = nn.ModuleList(_AstLayer(sizes.width, sizes.audio_heads) for _ in range(sizes.audio_depth))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layer:
            x = layer(x)
        return x


class _AstTrunk(nn.Module):
    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.embeddings, self.encoder = _AstEmbeddings(sizes.width), _AstEncoder(sizes)
        self.layernorm = nn.LayerNorm(sizes.width, eps=1e-12)

    def forward(self, mel: Tensor) -> Tensor:
        return self.layernorm(self.encoder(self.embeddings(mel)))


class Ast(nn.Module):
    """Spectra ``(n, 128, 66)`` to ``(n, 6, width)``."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.ast = _AstTrunk(sizes)
        self.freq_attn_agg = Gather(sizes.width, sizes.audio_heads)

    def forward(self, mel: Tensor) -> Tensor:
        """See the class."""
        bands = self.ast(mel)[:, 2:].unflatten(1, (BANDS, STEPS)).transpose(1, 2)
        return self.freq_attn_agg(bands.flatten(0, 1)).unflatten(0, (-1, STEPS))


class _JointAttention(_Heads):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__(width, heads)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(super().forward(x))


class _JointBlock(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = _JointAttention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class _Position(nn.Module):
    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.pos_emb = nn.Parameter(torch.zeros(1, tokens, width))


class Joint(nn.Module):
    """Vectors of picture ``(n, v, width)`` and sound ``(n, a, width)`` to logits ``(n, classes)``.

    Fewer than ``segments`` segments take the first positions, as the published code does by cutting its table.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width = sizes.width
        self.OFF_tok, self.MOD_tok = nn.Parameter(torch.zeros(1, 1, width)), nn.Parameter(torch.zeros(1, 1, width))
        self.vis_in_lnorm, self.aud_in_lnorm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.pos_emb_cfg = _Position(2 + sizes.segments * (MOMENTS + STEPS), width)
        self.blocks = nn.Sequential(*(_JointBlock(width, sizes.joint_heads) for _ in range(sizes.joint_depth)))
        self.ln_f = nn.LayerNorm(width)
        self.off_head = nn.Linear(width, sizes.classes)

    def forward(self, video: Tensor, audio: Tensor) -> Tensor:
        """See the class."""
        tokens = (part.expand(len(video), -1, -1) for part in (self.OFF_tok, self.MOD_tok))
        start, between = tokens
        x = torch.cat([start, self.vis_in_lnorm(video), between, self.aud_in_lnorm(audio)], dim=1)
        x = self.blocks(x + self.pos_emb_cfg.pos_emb[:, : x.shape[1]])
        return self.off_head(self.ln_f(x)[:, 0])


class SynchformerNet(nn.Module):
    """The whole network; its two looking parts are called for segments, :meth:`offset` for lines of segments."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.vfeat_extractor = MotionFormer(sizes)
        self.afeat_extractor = Ast(sizes)
        self.vproj, self.aproj = nn.Linear(sizes.width, sizes.width), nn.Linear(sizes.width, sizes.width)
        self.transformer = Joint(sizes)

    def offset(self, video: Tensor, audio: Tensor) -> Tensor:
        """Logits ``(n, classes)`` of lines of segments ``(n, segments, 8, width)`` and ``(n, segments, 6, width)``."""
        return self.transformer(self.vproj(video).flatten(1, 2), self.aproj(audio).flatten(1, 2))
