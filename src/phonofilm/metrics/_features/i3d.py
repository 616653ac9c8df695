"""I3D of Kinetics-400, as it stands on TF-hub, in its two ports to PyTorch: 400 logits of a clip.

* ``i3d-torchscript``: StyleGAN-V's port, a script that holds its own network. It is asked for
  ``rescale=False, resize=False, return_features=True``, as in universome/fvd-comparison ``compare_models.py`` (which
  shows an L2 difference of 2.6e-4 to TF-hub) and JunyaoHu/common_metrics_on_video_quality ``fvd/styleganv/fvd.py``;
  pictures are resized and scaled here.
* ``i3d-400``: VideoGPT's port, weights alone, for the network below: piergiaj/pytorch-i3d with convolutions and pools
  padded as TensorFlow's "SAME" and an epsilon of 1e-5. It is what MM-Diffusion, JavisDiT and TATS use (names, shapes
  and numbers from researchmm/MM-Diffusion ``evaluations/fvd/pytorch_i3d.py``). On random weights and clips of 11, 16
  and 24 frames it gave exactly that file's values.

Both expect 224 x 224 pictures in [-1, 1]. How a clip is brought there differs between those who publish values, so
each way is a reading of its own; the frames come from the start of a clip, one window a clip.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from phonofilm.errors import WeightsError
from phonofilm.metrics._features import _frames, _resizing
from phonofilm.metrics._features._extractor import Extractor, checkpoint, frozen, tensors
from phonofilm.metrics._given import Published
from phonofilm.metrics._subject import Arrays, Subject

FRAMES, SIDE = 16, 224

TORCHSCRIPT = Published(
    name="i3d-torchscript",
    what="I3D of Kinetics-400 with its own code, StyleGAN-V's port of TF-hub's",
    home="https://www.dropbox.com/s/ge9e5ujwgetktms/i3d_torchscript.pt",
    licence="of TF-hub's original Apache-2.0; StyleGAN-V, which hands it out, states none for the file",
)
WEIGHTS = Published(
    name="i3d-400",
    what="I3D of Kinetics-400, VideoGPT's port of TF-hub's, i3d_pretrained_400.pt",
    home="https://huggingface.co/spaces/LanguageBind/Open-Sora-Plan-v1.0.0 (opensora/eval/fvd/videogpt)",
    licence="of TF-hub's original Apache-2.0; of VideoGPT, which ported it, MIT",
)


@dataclass(frozen=True)
class Sizes:
    """Channels of the network.

    Attributes:
        stem: of the first two convolutions and of the third.
        mixed: of each block that mixes four branches, in their order: branch 0; 1a and 1b; 2a and 2b; 3.
        classes: logits.
    """

    stem: tuple[int, int]
    mixed: tuple[tuple[int, int, int, int, int, int], ...]
    classes: int


PUBLISHED = Sizes(
    stem=(64, 192),
    mixed=(
        (64, 96, 128, 16, 32, 32),
        (128, 128, 192, 32, 96, 64),
        (192, 96, 208, 16, 48, 64),
        (160, 112, 224, 24, 64, 64),
        (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64),
        (256, 160, 320, 32, 128, 128),
        (256, 160, 320, 32, 128, 128),
        (384, 192, 384, 48, 128, 128),
    ),
    classes=400,
)
BLOCKS = ("3b", "3c", "4b", "4c", "4d", "4e", "4f", "5b", "5c")
POOLED_BEFORE = {"4b": ((3, 3, 3), (2, 2, 2)), "5b": ((2, 2, 2), (2, 2, 2))}
"""Window and step of the pool before a block."""


def padded(x: Tensor, window: tuple[int, ...], step: tuple[int, ...]) -> Tensor:
    """Zeros around ``(..., frame, height, width)`` as TensorFlow's "SAME" has them: the odd one behind."""
    around: list[int] = []
    for size, wide, stride in zip(x.shape[-3:], window, step, strict=True):
        missing = max(wide - (size % stride or stride), 0)
        around = [missing // 2, missing - missing // 2, *around]
    return F.pad(x, around)


def pooled(x: Tensor, window: tuple[int, int, int], step: tuple[int, int, int]) -> Tensor:
    """The greatest of each window, zeros around (what is pooled is never negative)."""
    return F.max_pool3d(padded(x, window, step), window, step)


class Unit(nn.Module):
    """A convolution padded as "SAME", normalised and rectified."""

    def __init__(self, channels: int, out: int, window: int = 1, step: int = 1) -> None:
        super().__init__()
        self.window, self.step = (window,) * 3, (step,) * 3
        self.conv3d = nn.Conv3d(channels, out, window, step, bias=False)
        self.bn = nn.BatchNorm3d(out, eps=1e-5)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, channels, F, H, W)`` to ``(B, out, F / step, H / step, W / step)``, rounded up."""
        return F.relu(self.bn(self.conv3d(padded(x, self.window, self.step))))


class Mixed(nn.Module):
    """Four branches side by side."""

    def __init__(self, channels: int, out: tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        self.b0 = Unit(channels, out[0])
        self.b1a, self.b1b = Unit(channels, out[1]), Unit(out[1], out[2], 3)
        self.b2a, self.b2b = Unit(channels, out[3]), Unit(out[3], out[4], 3)
        self.b3b = Unit(channels, out[5])

    def forward(self, x: Tensor) -> Tensor:
        """Of the same frames and size."""
        branches = (
            self.b0(x),
            self.b1b(self.b1a(x)),
            self.b2b(self.b2a(x)),
            self.b3b(pooled(x, (3, 3, 3), (1, 1, 1))),
        )
        return torch.cat(branches, dim=1)


class _Logits(nn.Module):
    """The last convolution, whose weights are called ``logits.conv3d``."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(channels, classes, 1)


class InceptionI3d(nn.Module):
    """Inflated Inception-v1 (arXiv 1705.07750, figure 3)."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        stem, third = sizes.stem
        self.Conv3d_1a_7x7 = Unit(3, stem, 7, 2)
        self.Conv3d_2b_1x1 = Unit(stem, stem)
        self.Conv3d_2c_3x3 = Unit(stem, third, 3)
        channels = third
        for name, out in zip(BLOCKS, sizes.mixed, strict=True):
            self.add_module(f"Mixed_{name}", Mixed(channels, out))
            channels = out[0] + out[2] + out[4] + out[5]
        self.logits = _Logits(channels, sizes.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Clips ``(B, 3, F, 224, 224)`` in [-1, 1], at least 9 frames, to logits ``(B, classes)``, means over time."""
        x = pooled(self.Conv3d_1a_7x7(x), (1, 3, 3), (1, 2, 2))
        x = pooled(self.Conv3d_2c_3x3(self.Conv3d_2b_1x1(x)), (1, 3, 3), (1, 2, 2))
        for name in BLOCKS:
            if name in POOLED_BEFORE:
                x = pooled(x, *POOLED_BEFORE[name])
            x = self.get_submodule(f"Mixed_{name}")(x)
        x = F.avg_pool3d(x, (2, 7, 7), stride=1)
        return self.logits.conv3d(x).mean(dim=(2, 3, 4))


def through(network: nn.Module, video: Tensor, device: torch.device, **asked: bool) -> Arrays:
    """Logits ``(1, classes)`` of pictures ``(frame, 3, 224, 224)`` in [0, 1]."""
    return {"features": network((2 * video - 1).transpose(0, 1)[None].to(device), **asked).float().cpu().numpy()}


class I3dStyleganV(Extractor):
    """StyleGAN-V's port on the first 16 frames, short side 224 (bilinear), middle square.

    The file is a program as well as weights, and is run: name none that you would not run.
    """

    published = TORCHSCRIPT
    settings = f"{FRAMES}f-short-side-{SIDE}-crop"

    def load(self) -> torch.jit.ScriptModule:
        """See :class:`Extractor`."""
        path = self.opened.path
        try:
            network = torch.jit.load(path, map_location=self.device).eval()
            takes = {one.name for one in network.forward.schema.arguments}
        except (RuntimeError, ValueError, OSError, AttributeError) as error:
            raise WeightsError(f"{path} cannot be read as a TorchScript file ({error}): get it anew") from error
        if not {"rescale", "resize", "return_features"} <= takes:
            raise WeightsError(f"{path} is a script of another network: get i3d_torchscript.pt from {TORCHSCRIPT.home}")
        return network

    def read(self, subject: Subject) -> Arrays:
        """``features``: logits ``(1, 400)``."""
        frames = _frames.first(_frames.frames_of(subject), FRAMES, subject.clip.fps)
        video = _resizing.short_side_crop(_resizing.planes(frames), SIDE)
        found = through(self.network, video, self.device, rescale=False, resize=False, return_features=True)
        if found["features"].shape != (1, PUBLISHED.classes):
            raise WeightsError(
                f"{self.opened.path} gives features {found['features'].shape}, not (1, {PUBLISHED.classes}): get "
                f"i3d_torchscript.pt from {TORCHSCRIPT.home}"
            )
        return found


class _I3d400(Extractor):
    """VideoGPT's port."""

    published = WEIGHTS

    def load(self) -> nn.Module:
        """See :class:`Extractor`."""
        network = InceptionI3d(PUBLISHED)
        counters = {name: value for name, value in network.state_dict().items() if name.endswith("num_batches_tracked")}
        # early PyTorch kept no counters beside running means; nothing depends on them here
        state = counters | tensors(checkpoint(self.opened.path), self.opened.path)
        return frozen(network, state, self.opened.path, self.device)


class I3dMmDiffusion(_I3d400):
    """VideoGPT's port on 1.6 s, shown as MM-Diffusion's evaluator shows it.

    ``mm_diffusion/multimodal_datasets.py``: at 10 frames a second, the first 16, letterboxed to 64 x 64 (bicubic,
    rounded to whole levels; without antialiasing, which torchvision gave to tensors from 0.17 on only);
    ``evaluations/fvd/fvd.py``: from there to 224 (bilinear).
    """

    settings = "16f-10fps-letterbox-64-224"
    fps, small = Fraction(10), 64

    def read(self, subject: Subject) -> Arrays:
        """``features``: logits ``(1, 400)``."""
        frames = _frames.at_rate(_frames.frames_of(subject), subject.clip.fps, self.fps)
        video = 255 * _resizing.planes(_frames.first(frames, FRAMES, self.fps))
        video = _resizing.letterbox(video, self.small, "bicubic").clamp(0, 255).round() / 255
        return through(self.network, _resizing.short_side_crop(video, SIDE), self.device)


class I3dJavisBench(_I3d400):
    """VideoGPT's port on 16 frames of the whole clip, shown as JavisBench's evaluator shows them.

    ``eval/javisbench/src/dataset.py``, "vanilla", the default: 16 frames (of its README's command) at even distances,
    letterboxed to 224 x 224 (bilinear, antialiased). These are in [0, 1], and go on as if they were in [-1, 1]:
    ``(x + 1) * 127.5``, cut to whole levels. So black comes to the network as grey, and a clip has half its contrast.
    """

    settings = "16f-letterbox-224-half-contrast"

    def read(self, subject: Subject) -> Arrays:
        """``features``: logits ``(1, 400)``."""
        frames = _frames.spread(_frames.frames_of(subject), FRAMES)
        video = _resizing.letterbox(_resizing.planes(frames), SIDE, antialias=True)
        return through(self.network, ((video + 1) * 127.5).clamp(0, 255).floor() / 255, self.device)
