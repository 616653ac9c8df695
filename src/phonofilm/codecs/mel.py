"""Log-mel spectrograms with the parameters of AudioLDM and SVG (arXiv 2409.17550).

16 kHz, FFT and Hann window of 1024, hop 160, 64 Slaney mel bands from 0 to 8 kHz (area-normalised), magnitude (not
power), natural logarithm of ``max(x, 1e-5)``. This equals ``SpeechT5FeatureExtractor`` (centred frames, reflect
padding) with its ``log10`` undone; unlike it, it is differentiable and runs in batches.

Frame ``k`` is centred on sample ``160 k``, that is on ``10 k`` ms, and sees 32 ms to either side. A sound of
``n`` whole hops has ``n + 1`` such frames; the last, centred on the end, is dropped, so 2 s give exactly 200.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor, nn

from phonofilm.errors import SettingError

SAMPLE_RATE = 16_000
WINDOW = 1024
HOP = 160
BANDS = 64
LOWEST_HZ, HIGHEST_HZ = 0.0, 8_000.0
FLOOR = 1e-5


@lru_cache
def mel_filters(window: int, bands: int, lowest: float, highest: float, norm: str | None = None) -> Tensor:
    """Slaney mel filters at 16 kHz, float32 ``(bands, window // 2 + 1)``: row by row the weights of the FFT bins.

    Args:
        window: FFT size in samples.
        bands: number of triangles.
        lowest, highest: frequencies in Hz that they span.
        norm: ``slaney`` for triangles of equal area, ``None`` for equal height.
    """
    # librosa has these too, but importing it compiles with numba: seconds, and minutes on a first start
    from transformers.audio_utils import mel_filter_bank

    filters = mel_filter_bank(window // 2 + 1, bands, lowest, highest, SAMPLE_RATE, norm=norm, mel_scale="slaney")
    return torch.from_numpy(filters.T).float().contiguous()


def filterbank() -> Tensor:
    """The filters ``(64, 513)`` of :class:`LogMel`."""
    return mel_filters(WINDOW, BANDS, LOWEST_HZ, HIGHEST_HZ, norm="slaney")


class LogMel(nn.Module):
    """Waveforms ``(B, samples)`` at 16 kHz to log-mel ``(B, samples // 160, 64)``."""

    filters: Tensor
    window: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filters", filterbank(), persistent=False)
        self.register_buffer("window", torch.hann_window(WINDOW), persistent=False)

    def forward(self, sound: Tensor) -> Tensor:
        """Log-mel of waveforms.

        Raises:
            SettingError: if the sound is too short for one padded window.
        """
        return torch.log((self.magnitude(sound) @ self.filters.T).clamp(min=FLOOR))

    def magnitude(self, sound: Tensor) -> Tensor:
        """Short-time magnitude spectrum ``(B, samples // 160, 513)``."""
        if sound.shape[-1] <= WINDOW // 2:
            raise SettingError(
                f"a log-mel needs more than {WINDOW // 2} samples ({WINDOW // 2 / SAMPLE_RATE * 1000:.0f} ms), "
                f"got {sound.shape[-1]}: use a longer sound"
            )
        spectrum = torch.stft(sound, WINDOW, HOP, window=self.window, center=True, return_complex=True)
        return spectrum.abs()[..., : sound.shape[-1] // HOP].transpose(1, 2)
