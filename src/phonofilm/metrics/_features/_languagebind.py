"""The network of LanguageBind (arXiv 2310.01852): CLIP with a few layers more, in the layout of its folders.

A text tower as CLIP has it, and a picture tower that looks at frames or at a spectrogram. In the one for films each
layer attends over time first: to every token a learned vector of its frame is added, and tokens of the same place
attend to each other; no second perceptron follows. A film's vector is the mean over frames of the class tokens, after
the last norm. Sizes come from the ``config.json`` beside the weights. Written from the layout.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, normalize, scaled_dot_product_attention

QUICK = 1.702


@dataclass(frozen=True)
class Tower:
    """Sizes of a transformer, by the names that they have in ``config.json``."""

    hidden_size: int = 768
    intermediate_size: int = 3072
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    layer_norm_eps: float = 1e-5
    hidden_act: str = "quick_gelu"


@dataclass(frozen=True)
class Text(Tower):
    """Sizes of the text tower."""

    vocab_size: int = 49_408
    max_position_embeddings: int = 77


@dataclass(frozen=True)
class Picture(Tower):
    """Sizes of the picture tower, and what it is shown.

    Attributes:
        patch_size, image_size: in pixels.
        num_frames, add_time_attn: of a film.
        num_mel_bins, target_length, audio_mean, audio_std: of a spectrogram; 0 for pictures.
        lora_r, clip_type: of other networks of the family, which are refused.
    """

    patch_size: int = 32
    image_size: Any = 224
    num_frames: int = 1
    add_time_attn: bool = False
    num_mel_bins: int = 0
    target_length: int = 0
    audio_mean: float = 0.5
    audio_std: float = 0.5
    lora_r: int = 2
    clip_type: str = "vl"

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of what is shown."""
        if self.num_mel_bins:
            return int(self.num_mel_bins), int(self.target_length)
        return (self.image_size, self.image_size) if isinstance(self.image_size, int) else tuple(self.image_size)


@dataclass(frozen=True)
class Sizes:
    """Sizes of a network."""

    text: Text
    picture: Picture
    projection: int

    @classmethod
    def of(cls, config: dict[str, Any]) -> Sizes:
        """What a ``config.json`` says; what it does not say is as in the public code."""
        text, picture = config.get("text_config") or {}, config.get("vision_config") or {}
        return cls(_known(Text, text), _known(Picture, picture), int(config.get("projection_dim", 512)))


def _known(kind: type[Any], found: dict[str, Any]) -> Any:
    return kind(**{one.name: found[one.name] for one in fields(kind) if one.name in found})


class Attention(nn.Module):
    """Attention of tokens ``(B, L, d)`` to each other."""

    def __init__(self, sizes: Tower) -> None:
        super().__init__()
        width, self.heads = sizes.hidden_size, sizes.num_attention_heads
        self.q_proj, self.k_proj = nn.Linear(width, width), nn.Linear(width, width)
        self.v_proj, self.out_proj = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor, causal: bool = False) -> Tensor:
        """``(B, L, d)`` to the same; if ``causal``, to earlier tokens only."""
        parts = [
            one(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for one in (self.q_proj, self.k_proj, self.v_proj)
        ]
        return self.out_proj(scaled_dot_product_attention(*parts, is_causal=causal).transpose(1, 2).flatten(2))


class Perceptron(nn.Module):
    """Two layers and what stands between them."""

    def __init__(self, sizes: Tower) -> None:
        super().__init__()
        self.fc1 = nn.Linear(sizes.hidden_size, sizes.intermediate_size)
        self.fc2 = nn.Linear(sizes.intermediate_size, sizes.hidden_size)
        self.quick = sizes.hidden_act == "quick_gelu"

    def forward(self, x: Tensor) -> Tensor:
        """``(..., d)`` to the same."""
        x = self.fc1(x)
        return self.fc2(x * (QUICK * x).sigmoid() if self.quick else gelu(x))


class Layer(nn.Module):
    """A layer; with ``frames``, one that attends over them first."""

    def __init__(self, sizes: Tower, frames: int = 0) -> None:
        super().__init__()
        width, eps = sizes.hidden_size, sizes.layer_norm_eps
        self.self_attn, self.mlp = Attention(sizes), Perceptron(sizes)
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(width, eps), nn.LayerNorm(width, eps)
        self.frames = frames
        if frames:
            self.temporal_embedding = nn.Parameter(torch.zeros(1, frames, width))
            self.temporal_attn = Attention(sizes)
            self.temporal_layer_norm1 = nn.LayerNorm(width, eps)

    def forward(self, x: Tensor, causal: bool = False) -> Tensor:
        """``(B, L, d)`` to the same, where with ``frames`` the batch holds those of one film."""
        x = self._over_time(x.transpose(0, 1)).transpose(0, 1) if self.frames else x
        x = x + self.self_attn(self.layer_norm1(x), causal)
        return x + self.mlp(self.layer_norm2(x))

    def _over_time(self, x: Tensor) -> Tensor:
        x = x + self.temporal_embedding if self.frames > 1 else x
        return x + self.temporal_attn(self.temporal_layer_norm1(x))


class Encoder(nn.Module):
    """Layers, one after the other."""

    def __init__(self, sizes: Tower, frames: int = 0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(sizes, frames) for _ in range(sizes.num_hidden_layers))

    def forward(self, x: Tensor, causal: bool = False) -> Tensor:
        """``(B, L, d)`` to the same."""
        for layer in self.layers:
            x = layer(x, causal)
        return x


class TextEmbeddings(nn.Module):
    """Vectors of tokens and places."""

    def __init__(self, sizes: Text) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(sizes.vocab_size, sizes.hidden_size)
        self.position_embedding = nn.Embedding(sizes.max_position_embeddings, sizes.hidden_size)

    def forward(self, tokens: Tensor) -> Tensor:
        """``(B, L)`` to ``(B, L, d)``."""
        return self.token_embedding(tokens) + self.position_embedding.weight[: tokens.shape[1]]


class TextTower(nn.Module):
    """Token numbers ``(B, L)`` to the vectors ``(B, d)`` at their end tokens, the largest numbers."""

    def __init__(self, sizes: Text) -> None:
        super().__init__()
        self.embeddings, self.encoder = TextEmbeddings(sizes), Encoder(sizes)
        self.final_layer_norm = nn.LayerNorm(sizes.hidden_size, sizes.layer_norm_eps)

    def forward(self, tokens: Tensor) -> Tensor:
        """See the class."""
        x = self.final_layer_norm(self.encoder(self.embeddings(tokens), causal=True))
        return x[torch.arange(len(tokens)), tokens.argmax(dim=-1)]


class PictureEmbeddings(nn.Module):
    """Vectors of patches and places, after a class token."""

    def __init__(self, sizes: Picture) -> None:
        super().__init__()
        high, wide = (length // sizes.patch_size for length in sizes.size)
        self.class_embedding = nn.Parameter(torch.zeros(sizes.hidden_size))
        self.patch_embedding = nn.Conv2d(3, sizes.hidden_size, sizes.patch_size, sizes.patch_size, bias=False)
        self.position_embedding = nn.Embedding(1 + high * wide, sizes.hidden_size)

    def forward(self, pictures: Tensor) -> Tensor:
        """``(B, 3, height, width)`` to ``(B, L, d)``."""
        patches = self.patch_embedding(pictures).flatten(2).transpose(1, 2)
        first = self.class_embedding.expand(len(pictures), 1, -1)
        return torch.cat((first, patches), dim=1) + self.position_embedding.weight


class PictureTower(nn.Module):
    """Frames of one film, or one spectrogram, ``(frame, 3, height, width)`` to their mean vector ``(1, d)``."""

    def __init__(self, sizes: Picture) -> None:
        super().__init__()
        self.embeddings = PictureEmbeddings(sizes)
        self.pre_layrnorm = nn.LayerNorm(sizes.hidden_size, sizes.layer_norm_eps)
        self.encoder = Encoder(sizes, sizes.num_frames if sizes.add_time_attn else 0)
        self.post_layernorm = nn.LayerNorm(sizes.hidden_size, sizes.layer_norm_eps)

    def forward(self, pictures: Tensor) -> Tensor:
        """See the class."""
        x = self.encoder(self.pre_layrnorm(self.embeddings(pictures)))
        return self.post_layernorm(x[:, 0]).mean(dim=0, keepdim=True)


class LanguageBindNet(nn.Module):
    """See the module.

    Args:
        sizes: of it.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.text_model, self.vision_model = TextTower(sizes.text), PictureTower(sizes.picture)
        self.visual_projection = nn.Linear(sizes.picture.hidden_size, sizes.projection, bias=False)
        self.text_projection = nn.Linear(sizes.text.hidden_size, sizes.projection, bias=False)
        self.logit_scale = nn.Parameter(torch.zeros(()))  # of training; it stands in the file

    def shown(self, pictures: Tensor) -> Tensor:
        """The unit embedding ``(d,)`` of a film or spectrogram ``(frame, 3, height, width)``."""
        return normalize(self.visual_projection(self.vision_model(pictures))[0], dim=-1)

    def read(self, tokens: Tensor) -> Tensor:
        """Unit embeddings ``(B, d)`` of sentences."""
        return normalize(self.text_projection(self.text_model(tokens)), dim=-1)
