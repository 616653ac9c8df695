"""MobileNetV2 (arXiv 1801.04381), trained on ImageNet, in 8 bits: small enough to lie beside tests.

The network is google-coral/test_data's ``mobilenet_v2_1.0_224_quant.tflite``. It looks at four frames a second (chosen
or held, never blended), of each the middle square, brought to 224 x 224 (OpenCV: by area where it shrinks, bilinear
where it grows), as levels 0 to 255, RGB. That is how this project looks: programs that use the network differ among
each other. Its tensor 169 is the 1,280-d mean over the last layer's places.

Values do not compare with FID or any published number.
"""

from __future__ import annotations

import cv2
import numpy as np

from phonofilm.metrics._features._extractor import Extractor
from phonofilm.metrics._features._frames import frames_at
from phonofilm.metrics._features._tflite import Inside, Layout, TfliteNetwork
from phonofilm.metrics._given import Published
from phonofilm.metrics._subject import Arrays, Subject
from phonofilm.pair import AV

FPS = 4
SIDE = 224
LAYOUT = Layout((1, SIDE, SIDE, 3), np.uint8, {"features": Inside(169, (1280,))})


def square(frame: np.ndarray) -> np.ndarray:
    """The middle square of a frame uint8 ``(height, width, 3)``, uint8 ``(224, 224, 3)``."""
    height, width = frame.shape[:2]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    middle = np.ascontiguousarray(frame[top : top + short, left : left + short])
    how = cv2.INTER_AREA if short > SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(middle, (SIDE, SIDE), interpolation=how))


class MobileNetV2(Extractor):
    """Embeddings ``features`` ``(picture, 1280)`` of a clip's frames."""

    published = Published(
        name="mbv2",
        what="MobileNetV2 in 8 bits, mobilenet_v2_1.0_224_quant.tflite, trained on ImageNet",
        home="github.com/google-coral/test_data",
        licence="Apache-2.0",
        sha256="7aad0c74c5e3c06e5eb3c827e13304fdd68a83da6087d92ee169c24ff9fd4776",
    )

    def load(self) -> TfliteNetwork:
        """The network.

        Raises:
            SettingError: without the runtime.
            WeightsError: if the file is another one.
        """
        return TfliteNetwork(self.opened.path, LAYOUT)

    def read(self, subject: Subject) -> Arrays:
        """Embeddings of four frames a second.

        Raises:
            MediaError: if the clip has no picture.
        """
        subject.check(AV(True, False))
        return self.network(map(square, frames_at(subject.clip, FPS)))
