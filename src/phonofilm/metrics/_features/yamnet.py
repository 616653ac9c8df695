"""YAMNet, trained on AudioSet's 521 classes, in 8 bits: small enough to lie beside tests.

Preprocessing of tensorflow/models (research/audioset/yamnet/features.py and params.py): mono at 16 kHz; periodic Hann
windows of 400 samples every 160, in a transform of 512; magnitudes in 64 mel bands from 125 to 7,500 Hz (triangles that
are straight on HTK's mel scale); natural logarithm of them plus 0.001; patches of 96 frames (0.96 s) every 48. Silence
is added at the end until whole patches fill the sound, so a clip of any length has at least one. The network is the
8-bit one of google-coral/coralmicro, ``yamnet_spectra_in.tflite``. That project feeds it with a front end of its own
(libs/tensorflow/audio_models.cc); here it hears what YAMNet was trained on. Its tensor 90 is the 1,024-d embedding,
the mean over the last layer's places, and tensor 91 the logits before the sigmoid, in steps of 0.31.

Values do not compare with any published number, least of all with those of the network in full precision.
"""

from __future__ import annotations

import numpy as np
import torch

from phonofilm.metrics._features._extractor import Extractor
from phonofilm.metrics._features._listening import mel_triangles
from phonofilm.metrics._features._sound import mono, resampler
from phonofilm.metrics._features._tflite import Inside, Layout, TfliteNetwork
from phonofilm.metrics._given import Published
from phonofilm.metrics._subject import Arrays, Subject
from phonofilm.pair import AV

SAMPLE_RATE = 16_000
WINDOW, HOP, TRANSFORM = 400, 160, 512
BANDS, LOWEST_HZ, HIGHEST_HZ = 64, 125.0, 7_500.0
FLOOR = 0.001
FRAMES, STEP = 96, 48
LAYOUT = Layout((1, FRAMES, BANDS), np.float32, {"features": Inside(90, (1024,)), "logits": Inside(91, (521,))})


def patches(sound: np.ndarray) -> np.ndarray:
    """Sound ``(sample,)`` at 16 kHz to log-mel float32 ``(patch, 96, 64)``, computed in float64."""
    shortest, step = WINDOW + (FRAMES - 1) * HOP, STEP * HOP
    steps = -(-max(0, len(sound) - shortest) // step)
    padded = torch.from_numpy(np.pad(sound.astype(np.float64), (0, shortest + steps * step - len(sound))))
    frames = padded.unfold(0, WINDOW, HOP) * torch.hann_window(WINDOW, dtype=torch.float64)
    spectrum = torch.fft.rfft(frames, TRANSFORM).abs()
    log_mel = (spectrum @ mel_triangles(TRANSFORM // 2 + 1, BANDS, LOWEST_HZ, HIGHEST_HZ, SAMPLE_RATE) + FLOOR).log()
    return log_mel.unfold(0, FRAMES, STEP).transpose(1, 2).float().numpy()


class Yamnet(Extractor):
    """Embeddings ``features`` ``(patch, 1024)`` and ``logits`` ``(patch, 521)`` of a clip's sound."""

    published = Published(
        name="yamnet",
        what="YAMNet in 8 bits from log-mel patches, yamnet_spectra_in.tflite, trained on AudioSet",
        home="github.com/google-coral/coralmicro",
        licence="Apache-2.0",
        sha256="0a266465c46718f3fcc4137366be82882a8c93bfcc4f0278581a11d11dddcdf9",
    )
    resampler = resampler(SAMPLE_RATE)

    def load(self) -> TfliteNetwork:
        """The network.

        Raises:
            SettingError: without the runtime.
            WeightsError: if the file is another one.
        """
        return TfliteNetwork(self.opened.path, LAYOUT)

    def read(self, subject: Subject) -> Arrays:
        """Embeddings and logits of the clip's patches.

        Raises:
            MediaError: if the clip has no sound.
        """
        subject.check(AV(False, True))
        return self.network(patches(mono(subject.clip, SAMPLE_RATE)))
