"""Faces followed through a clip by S3FD (arXiv 1708.05237), as the pipeline of syncnet_python follows them.

Public code: github.com/joonson/syncnet_python ``run_pipeline.py`` and ``detectors/s3fd`` (MIT). Every frame at 25 a
second is looked at at a quarter of its size (bilinear, not antialiased); squares that are faces with more than 0.9 are
kept unless they share more than 0.3, then 0.1, of their union with a surer one. For tracks see :class:`Rules`:
within a shot, at least 101 sightings with no gap above 25 frames, faces above 100 pixels in the full picture. So a clip
of 4 s or less has no track, nor has a film of small pictures.

Where this differs from the public code: it codes the film anew as MPEG-4 and JPEG before it looks, which is not done
here. Network, squares, tracks and shots agree with the public code's on the same random input.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch

from phonofilm.metrics._features._extractor import Extractor, checkpoint, frozen, tensors
from phonofilm.metrics._features._faces import Rules, Track, apart, shots, tracks
from phonofilm.metrics._features._frames import ticks
from phonofilm.metrics._features._s3fd import LEAST, S3fdNet, Sizes
from phonofilm.metrics._given import Published
from phonofilm.metrics._subject import Arrays, Subject

WEIGHTS = Published(
    name="s3fd",
    what="face detector S3FD, sfd_face.pth of syncnet_python",
    home="www.robots.ox.ac.uk/~vgg/software/lipsync/data/sfd_face.pth",
    licence="none stated (code: MIT, joonson/syncnet_python)",
    sha256="d54a87c2b7543b64729c9a25eafd188da15fd3f6e02f0ecec76ae1b30d86c491",
)
PUBLISHED, RULES = Sizes(), Rules()
FPS = 25
_MEAN = np.array([123, 117, 104], np.float32)
_AT_ONCE = 8


class Faces(Extractor):
    """``first`` ``(track,)``, ``length`` ``(track,)`` in frames, and the ``boxes`` ``(frames of all tracks, 4)``."""

    published = WEIGHTS

    def load(self) -> Any:
        """The detector."""
        state = tensors(checkpoint(self.opened.path), self.opened.path)
        return frozen(S3fdNet(PUBLISHED), state, self.opened.path, self.device)

    def read(self, subject: Subject) -> Arrays:
        """See the class."""
        subject.whole()
        frames = subject.clip.frames
        assert frames is not None
        shown = ticks(subject.clip, FPS)
        found = self._followed(frames, shown)
        return {
            "first": np.array([track.first for track in found], np.int64),
            "length": np.array([len(track.boxes) for track in found], np.int64),
            "boxes": np.concatenate([np.empty((0, 4)), *(track.boxes for track in found)]),
        }

    def _followed(self, frames: np.ndarray, shown: np.ndarray) -> list[Track]:
        if len(shown) <= RULES.frames or min(frames.shape[1:3]) * RULES.scale < LEAST:
            return []
        seen = self._seen(frames, np.unique(shown).tolist())
        boxes = [seen[i] for i in shown]
        return [
            track
            for first, end in shots(frames[i] for i in shown)
            if end - first >= RULES.frames
            for track in tracks(boxes[first:end], first, RULES)
        ]

    def _seen(self, frames: np.ndarray, which: list[int]) -> dict[int, np.ndarray]:
        """Boxes ``(n, 4)`` in pixels, of some frames."""
        size = np.array(frames.shape[2:0:-1] * 2)
        found = []
        for i in range(0, len(which), _AT_ONCE):
            small = [
                cv2.resize(frames[one], None, fx=RULES.scale, fy=RULES.scale) - _MEAN for one in which[i : i + _AT_ONCE]
            ]
            pictures = torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).to(self.device)
            sure, corners = (part.cpu().numpy() for part in self.network(pictures))
            found += [faces(*one) * size for one in zip(sure, corners, strict=True)]
        return dict(zip(which, found, strict=True))


def faces(sure: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Of all squares ``(n, 4)`` those that are faces, the surest first."""
    likely = sure > RULES.sure
    sure, corners = sure[likely], corners[likely].astype(np.float64)
    for most in (0.3, 0.1):
        kept = apart(corners, sure, most)
        sure, corners = sure[kept], corners[kept]
    return corners
