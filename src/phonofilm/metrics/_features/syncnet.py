"""SyncNet (Chung and Zisserman, "Out of time: automated lip sync in the wild", 2016): vectors of lips and of sound.

Public code: github.com/joonson/syncnet_python ``SyncNetInstance.py`` (MIT). Of each face that is followed through a
clip (:mod:`phonofilm.metrics._features.s3fd`), at 25 frames a second: every 5 successive frames, cut out at 224 x 224,
BGR from 0 to 255; beside them 20 of the sound's cepstra at 10 ms (mono at 16 kHz, in 16-bit levels; see
:mod:`phonofilm.metrics._features._cepstra`). As there, the last 5 frames begin no window.

Where this differs from the public code: it codes the faces anew, as MPEG-4 and then as JPEG, which is not done here,
and resamples sound by ffmpeg. Network, cepstra
and distances agree with the public code's to rounding, on the same random weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from phonofilm.metrics._features import s3fd
from phonofilm.metrics._features._cepstra import cepstra
from phonofilm.metrics._features._extractor import Extractor, checkpoint, frozen, tensors
from phonofilm.metrics._features._faces import Track, cropped
from phonofilm.metrics._features._frames import ticks
from phonofilm.metrics._features._sound import mono, resampler
from phonofilm.metrics._features._syncnet import Sizes, SyncNetNet
from phonofilm.metrics._given import Given, Published
from phonofilm.metrics._score import About
from phonofilm.metrics._subject import Arrays, Subject

WEIGHTS = Published(
    name="syncnet",
    what="SyncNet, syncnet_v2.model of syncnet_python",
    home="www.robots.ox.ac.uk/~vgg/software/lipsync/data/syncnet_v2.model",
    licence="none stated (code: MIT, joonson/syncnet_python)",
    sha256="961e8696f888fce4f3f3a6c3d5b3267cf5b343100b238e79b2659bff2c605442",
)
PUBLISHED = Sizes()
RATE = 16_000
SAMPLES = RATE // s3fd.FPS
_FRAMES, _STEPS, _PER_FRAME = 5, 20, 4
_AT_ONCE = 20


@dataclass(frozen=True, eq=False)
class Speaker:
    """What a face's lips and the sound beside them say, window by window, ``(n, 1024)`` each."""

    lips: np.ndarray
    sound: np.ndarray


class SyncNet(Extractor):
    """``lips`` and ``sound`` ``(windows of all tracks, 1024)``, and the ``length`` ``(track,)`` of each in windows."""

    published = WEIGHTS
    resampler = resampler(RATE)

    def __init__(self, given: Given) -> None:
        super().__init__(given)
        self.faces = s3fd.Faces(given)
        self.settings = self.faces.id

    @property
    def about(self) -> About:
        """Both networks."""
        return About(f"{self.opened.id} on {self.faces.opened.id}", self.resampler)

    def load(self) -> Any:
        """The network; files of old versions of torch do not count the batches that norms were learned from."""
        network = SyncNetNet(PUBLISHED)
        counters = {name: value for name, value in network.state_dict().items() if name.endswith("num_batches_tracked")}
        state = tensors(checkpoint(self.opened.path), self.opened.path)
        return frozen(network, counters | state, self.opened.path, self.device)

    def read(self, subject: Subject) -> Arrays:
        """See the class."""
        found = [self._speaker(subject, track) for track in self._tracks(subject)]
        nobody = np.empty((0, PUBLISHED.out), np.float32)
        return {
            "lips": np.concatenate([nobody, *(one.lips for one in found)]),
            "sound": np.concatenate([nobody, *(one.sound for one in found)]),
            "length": np.array([len(one.lips) for one in found], np.int64),
        }

    def _tracks(self, subject: Subject) -> list[Track]:
        found = subject.read(self.faces)
        boxes = np.split(found["boxes"], np.cumsum(found["length"])[:-1]) if len(found["length"]) else []
        return [Track(int(first), some) for first, some in zip(found["first"], boxes, strict=True)]

    def _speaker(self, subject: Subject, track: Track) -> Speaker:
        clip, end = subject.clip, track.first + len(track.boxes)
        assert clip.frames is not None
        frames = cropped(clip.frames[ticks(clip, s3fd.FPS)[track.first : end]], track, s3fd.RULES)
        sound = levels(mono(clip, RATE)[track.first * SAMPLES : end * SAMPLES])
        windows = max(min(len(frames), len(sound) // SAMPLES) - _FRAMES, 0)
        heard = torch.from_numpy(cepstra(sound).T.astype(np.float32)) if windows else torch.empty(0)
        lips = torch.from_numpy(np.ascontiguousarray(frames[..., ::-1])).permute(3, 0, 1, 2)
        return Speaker(
            self._vectors("lips", [lips[:, i : i + _FRAMES] for i in range(windows)]),
            self._vectors(
                "sound", [heard[None, :, i : i + _STEPS] for i in range(0, _PER_FRAME * windows, _PER_FRAME)]
            ),
        )

    def _vectors(self, part: str, windows: list[Tensor]) -> np.ndarray:
        made = [np.empty((0, PUBLISHED.out), np.float32)]
        for i in range(0, len(windows), _AT_ONCE):
            batch = torch.stack(windows[i : i + _AT_ONCE]).float().to(self.device)
            made.append(getattr(self.network, part)(batch).cpu().numpy())
        return np.concatenate(made)


def levels(sound: np.ndarray) -> np.ndarray:
    """Sound in [-1, 1] in whole 16-bit levels, as ffmpeg writes it."""
    return np.clip(np.rint(sound.astype(np.float64) * 32_768), -32_768, 32_767)


def speakers(found: Arrays) -> list[Speaker]:
    """What :class:`SyncNet` read, by track; tracks without a window are left out."""
    ends = np.cumsum(found["length"])[:-1]
    pairs = zip(np.split(found["lips"], ends), np.split(found["sound"], ends), strict=True)
    return [Speaker(lips, sound) for lips, sound in pairs if len(lips)]
