"""VideoMAE V2, ViT-g/14, fine-tuned on Something-Something V2: 1,408 features of a clip (arXiv 2303.16727).

Names, shapes and numbers are those of OpenGVLab's ``vit_giant_patch14_224``, as songweige/content-debiased-fvd uses it
(``cdfvd/third_party/VideoMAEv2``): 16 frames of 224 x 224, tokens of 2 frames x 14 x 14 pixels, fixed sines and cosines
for their places, 40 blocks, and the normalised mean of all tokens. On random weights the small network gives that
file's values, and those of transformers' VideoMAE, to 1e-5.

Pictures are pressed to 224 x 224 whatever their shape (bilinear, without antialiasing) and stay in [0, 1]: no mean is
taken off, though the network was trained so. That is content-debiased FVD's definition, not an oversight of this file.

The network has a thousand million weights: 4 GB of memory in each process, and about 5e12 operations a clip, so
minutes on a CPU; it wants an accelerator.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from phonofilm.metrics._features import _frames, _resizing
from phonofilm.metrics._features._extractor import Extractor, checkpoint, frozen, tensors
from phonofilm.metrics._given import Published
from phonofilm.metrics._subject import Arrays, Subject

FRAMES, SIDE, TUBELET = 16, 224, 2
WRAPPINGS = ("model", "module")
"""Under either of these keys, or none, a checkpoint of the authors holds its weights."""

WEIGHTS = Published(
    name="videomae-g-ssv2",
    what="VideoMAE V2 ViT-g/14 fine-tuned on Something-Something V2, vit_g_hybrid_pt_1200e_ssv2_ft.pth",
    home="hf://OpenGVLab/VideoMAE2/mae-g/vit_g_hybrid_pt_1200e_ssv2_ft.pth",
    licence="Apache-2.0 where it is handed out; CC-BY-NC-4.0 at the authors' other repositories of VideoMAE V2",
)


@dataclass(frozen=True)
class Sizes:
    """Of the network.

    Attributes:
        patch: side of a token in pixels; divides 224.
        width, depth, heads: of its blocks.
        hidden: between the two layers behind attention.
        classes: of the layer that is not used here.
    """

    patch: int
    width: int
    depth: int
    heads: int
    hidden: int
    classes: int


PUBLISHED = Sizes(patch=14, width=1408, depth=40, heads=16, hidden=6144, classes=174)


class _Attention(nn.Module):
    """Attention of all tokens to all, without a bias for keys."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.heads = sizes.heads
        self.qkv = nn.Linear(sizes.width, 3 * sizes.width, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(sizes.width))
        self.v_bias = nn.Parameter(torch.zeros(sizes.width))
        self.proj = nn.Linear(sizes.width, sizes.width)

    def forward(self, x: Tensor) -> Tensor:
        bias = torch.cat((self.q_bias, torch.zeros_like(self.q_bias), self.v_bias))
        parts = F.linear(x, self.qkv.weight, bias).unflatten(-1, (3, self.heads, -1))
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class _Mlp(nn.Module):
    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.fc1 = nn.Linear(sizes.width, sizes.hidden)
        self.fc2 = nn.Linear(sizes.hidden, sizes.width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class _Block(nn.Module):
    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(sizes.width, eps=1e-6), _Attention(sizes)
        self.norm2, self.mlp = nn.LayerNorm(sizes.width, eps=1e-6), _Mlp(sizes)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class _PatchEmbed(nn.Module):
    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        window = (TUBELET, sizes.patch, sizes.patch)
        self.proj = nn.Conv3d(3, sizes.width, window, stride=window)

    def forward(self, video: Tensor) -> Tensor:
        return self.proj(video).flatten(2).transpose(1, 2)


def places(count: int, width: int) -> Tensor:
    """Sines and cosines ``(count, width)`` in turn, of ``place / 10000^(2 floor(i / 2) / width)``."""
    i = torch.arange(width, dtype=torch.float64)
    angle = torch.arange(count, dtype=torch.float64)[:, None] / 10000 ** (2 * (i // 2) / width)
    return torch.where(i % 2 == 0, angle.sin(), angle.cos()).float()


class VideoMae(nn.Module):
    """The network, up to its features; ``head`` is there because its weights are."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.patch_embed = _PatchEmbed(sizes)
        count = FRAMES // TUBELET * (SIDE // sizes.patch) ** 2
        self.register_buffer("places", places(count, sizes.width), persistent=False)
        self.blocks = nn.ModuleList(_Block(sizes) for _ in range(sizes.depth))
        self.fc_norm = nn.LayerNorm(sizes.width, eps=1e-6)
        self.head = nn.Linear(sizes.width, sizes.classes)

    def forward(self, video: Tensor) -> Tensor:
        """Clips ``(B, 3, 16, 224, 224)`` in [0, 1] to features ``(B, width)``."""
        x = self.patch_embed(video) + self.places
        for block in self.blocks:
            x = block(x)
        return self.fc_norm(x.mean(dim=1))


class VideoMaeG(Extractor):
    """Features of the first 16 frames."""

    published = WEIGHTS
    settings = f"{FRAMES}f-pressed-{SIDE}"

    def load(self) -> nn.Module:
        """See :class:`Extractor`."""
        path = self.opened.path
        found = checkpoint(path)
        inside = [key for key in WRAPPINGS if key in found][:1]
        return frozen(VideoMae(PUBLISHED), tensors(found, path, *inside), path, self.device)

    def read(self, subject: Subject) -> Arrays:
        """``features``: ``(1, 1408)``."""
        frames = _frames.first(_frames.frames_of(subject), FRAMES, subject.clip.fps)
        video = _resizing.resized(_resizing.planes(frames), SIDE, SIDE).transpose(0, 1)[None]
        return {"features": self.network(video.to(self.device)).cpu().numpy()}
