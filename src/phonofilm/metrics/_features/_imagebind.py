"""The network of ImageBind (arXiv 2305.05665): three of its six trunks, in the layout of ``imagebind_huge.pth``.

Each trunk is a transformer that normalises before attention and before its two-layer perceptron (GELU):

* pictures: pairs of frames in patches of 2 x 14 x 14, a class token, learned places, a norm before the first block;
* sounds: spectrograms in patches of 16 x 16 every 10, a norm on them, a class token, learned places, and a learned
  key and value in each block's attention beside those of the patches;
* sentences: CLIP's tokens and learned places under a causal mask.

A head normalises the class token (of a sentence: its end token) and projects it; the result has unit length, times
a scale for sounds (fixed) and sentences (learned, 100 at most). Written from the layout and the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, normalize

LARGEST_SCALE = 100.0


@dataclass(frozen=True)
class Trunk:
    """Sizes of one transformer."""

    width: int
    blocks: int
    heads: int


@dataclass(frozen=True)
class Sizes:
    """Sizes of the network.

    Attributes:
        picture, sentence, sound: the trunks.
        embedding: length of all embeddings.
        side, patch: of pictures, in pixels.
        mels, steps, kernel, stride: of spectrograms and their patches.
        vocabulary, tokens: of sentences.
    """

    picture: Trunk = Trunk(1280, 32, 16)
    sentence: Trunk = Trunk(1024, 24, 16)
    sound: Trunk = Trunk(768, 12, 12)
    embedding: int = 1024
    side: int = 224
    patch: int = 14
    mels: int = 128
    steps: int = 204
    kernel: int = 16
    stride: int = 10
    vocabulary: int = 49_408
    tokens: int = 77


PUBLISHED = Sizes()


class Perceptron(nn.Module):
    """Two layers with a GELU between, four times as wide there."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """``(..., width)`` to the same."""
        return self.fc2(gelu(self.fc1(x)))


class Block(nn.Module):
    """Attention and perceptron, each on what is normalised and added to what came in."""

    def __init__(self, width: int, heads: int, extra_key: bool) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(width, heads, add_bias_kv=extra_key, batch_first=True)
        self.norm_1, self.norm_2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.mlp = Perceptron(width)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Tokens ``(B, L, width)`` to the same; ``mask`` ``(L, L)`` is added to the attention's logits."""
        even = self.norm_1(x)
        x = x + self.attn(even, even, even, attn_mask=mask, need_weights=False)[0]
        return x + self.mlp(self.norm_2(x))


class Transformer(nn.Module):
    """A trunk.

    Args:
        sizes: of it.
        norm_first: normalise the tokens before the first block.
        extra_key: see :class:`Block`.
    """

    def __init__(self, sizes: Trunk, *, norm_first: bool = False, extra_key: bool = False) -> None:
        super().__init__()
        first = nn.LayerNorm(sizes.width, eps=1e-6) if norm_first else nn.Identity()
        self.pre_transformer_layer = nn.Sequential(first)
        self.blocks = nn.ModuleList(Block(sizes.width, sizes.heads, extra_key) for _ in range(sizes.blocks))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Tokens ``(B, L, width)`` to the same."""
        x = self.pre_transformer_layer(x)
        for block in self.blocks:
            x = block(x, mask)
        return x


class Stem(nn.Module):
    """A convolution that makes tokens of patches, and their norm."""

    def __init__(self, proj: nn.Module, norm: nn.Module | None) -> None:
        super().__init__()
        self.proj, self.norm_layer = proj, norm

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, ...)`` to tokens ``(B, L, width)``."""
        tokens = self.proj(x).flatten(2).transpose(1, 2)
        return tokens if self.norm_layer is None else self.norm_layer(tokens)


class Places(nn.Module):
    """Learned vectors of the tokens' places."""

    def __init__(self, count: int, width: int) -> None:
        super().__init__()
        self.pos_embed = nn.Parameter(torch.zeros(1, count, width))


class Patches(nn.Module):
    """Pictures or spectrograms to tokens, after a class token.

    Args:
        stem: makes ``count`` tokens.
        count, width: of them.
    """

    def __init__(self, stem: Stem, count: int, width: int) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.rgbt_stem = stem
        self.pos_embedding_helper = Places(1 + count, width)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, ...)`` to ``(B, 1 + count, width)``."""
        tokens = self.rgbt_stem(x)
        return torch.cat((self.cls_token.expand(len(x), -1, -1), tokens), dim=1) + self.pos_embedding_helper.pos_embed


class Words(nn.Module):
    """Token numbers to vectors, with the mask that hides from each token what comes after it."""

    mask: Tensor

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width, length = sizes.sentence.width, sizes.tokens
        self.token_embedding = nn.Embedding(sizes.vocabulary, width)
        self.pos_embed = nn.Parameter(torch.zeros(1, length, width))
        self.register_buffer("mask", torch.full((length, length), -torch.inf).triu(1))

    def forward(self, tokens: Tensor) -> Tensor:
        """``(B, L)`` to ``(B, L, width)``."""
        return self.token_embedding(tokens) + self.pos_embed


class SentenceHead(nn.Module):
    """Norm and projection, under the name that they have for sentences."""

    def __init__(self, width: int, embedding: int) -> None:
        super().__init__()
        self.proj = nn.Sequential(nn.LayerNorm(width, eps=1e-6), nn.Linear(width, embedding, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, width)`` to ``(B, embedding)``."""
        return self.proj(x)


class Scale(nn.Module):
    """A factor, stored as its logarithm; what is learned is limited."""

    def __init__(self) -> None:
        super().__init__()
        self.log_logit_scale = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """``x`` times the factor."""
        return x * self.log_logit_scale.exp().clamp(max=LARGEST_SCALE)


class ImageBindNet(nn.Module):
    """See the module.

    Args:
        sizes: of it.
    """

    def __init__(self, sizes: Sizes = PUBLISHED) -> None:
        super().__init__()
        self.sizes = sizes
        picture, sentence, sound = sizes.picture.width, sizes.sentence.width, sizes.sound.width
        self.modality_preprocessors = nn.ModuleDict(
            {"vision": _pictures(sizes), "text": Words(sizes), "audio": _sounds(sizes)}
        )
        self.modality_trunks = nn.ModuleDict(
            {
                "vision": Transformer(sizes.picture, norm_first=True),
                "text": Transformer(sizes.sentence),
                "audio": Transformer(sizes.sound, extra_key=True),
            }
        )
        self.modality_heads = nn.ModuleDict(
            {
                "vision": _head(picture, sizes.embedding),
                "text": SentenceHead(sentence, sizes.embedding),
                "audio": _head(sound, sizes.embedding),
            }
        )
        self.modality_postprocessors = nn.ModuleDict(
            {name: nn.Sequential(nn.Identity(), Scale()) for name in ("text", "audio")}
        )

    def pictures(self, pairs: Tensor) -> Tensor:
        """Embeddings ``(B, embedding)`` of pairs of frames ``(B, 3, 2, side, side)``."""
        tokens = self.modality_trunks["vision"](self.modality_preprocessors["vision"](pairs))
        return normalize(self.modality_heads["vision"](tokens[:, 0]), dim=-1)

    def sounds(self, spectrograms: Tensor) -> Tensor:
        """Embeddings ``(B, embedding)`` of spectrograms ``(B, 1, mels, steps)``."""
        tokens = self.modality_trunks["audio"](self.modality_preprocessors["audio"](spectrograms))
        unit = normalize(self.modality_heads["audio"](tokens[:, 0]), dim=-1)
        return self.modality_postprocessors["audio"](unit)

    def sentences(self, tokens: Tensor) -> Tensor:
        """Embeddings ``(B, embedding)`` of token numbers ``(B, 77)``, of which the end token is the largest."""
        words = self.modality_preprocessors["text"]
        states = self.modality_trunks["text"](words(tokens), words.mask)
        ends = states[torch.arange(len(tokens)), tokens.argmax(dim=-1)]
        return self.modality_postprocessors["text"](normalize(self.modality_heads["text"](ends), dim=-1))


def _pictures(sizes: Sizes) -> Patches:
    width, patch = sizes.picture.width, (2, sizes.patch, sizes.patch)
    stem = Stem(nn.Sequential(nn.Identity(), nn.Conv3d(3, width, patch, patch, bias=False)), None)
    return Patches(stem, (sizes.side // sizes.patch) ** 2, width)


def _sounds(sizes: Sizes) -> Patches:
    width = sizes.sound.width
    stem = Stem(nn.Conv2d(1, width, sizes.kernel, sizes.stride, bias=False), nn.LayerNorm(width))
    high, long = (1 + (length - sizes.kernel) // sizes.stride for length in (sizes.mels, sizes.steps))
    return Patches(stem, high * long, width)


def _head(width: int, embedding: int) -> nn.Sequential:
    return nn.Sequential(nn.LayerNorm(width, eps=1e-6), nn.Identity(), nn.Linear(width, embedding, bias=False))
