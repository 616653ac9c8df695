"""What a codec costs: picture and sound through it, against the originals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from phonofilm.codecs.base import Codec, both
from phonofilm.codecs.mel import SAMPLE_RATE, LogMel
from phonofilm.codecs.onset import isolated_onsets, onset_near
from phonofilm.errors import SettingError
from phonofilm.estimate import Estimate, quantile, ratio
from phonofilm.media.clip import Clip

MOVING = 16  # 8-bit steps by which a pixel differs from the clip's median frame where something moves
BATCH = 8
SEED = 0  # of the bootstrap
NOTHING = "no clip offers a value: take clips that move, or sounds with isolated attacks"
LOUD = -4.0  # log-mel: about 50 dB below the loudest impact's


def codec_report(codec: Codec, clips: Sequence[Clip]) -> dict[str, Estimate]:
    """Send clips through a codec and compare.

    Returns:
        ``psnr_db`` (mean over frames), ``moving_psnr_db`` (pixels that differ from the clip's median frame),
        ``log_mel_error`` (mean absolute difference of natural log-mels), ``loud_log_mel_error`` (the same over
        the bins that are loud in the original: most of a log-mel is near silence), ``onset_shift_ms`` (median of the
        signed shifts of isolated attacks), ``onset_error_ms`` and ``onset_error_ms_p90`` (median and 90th
        percentile of their size), ``onsets_lost`` (share not found again). Where no clip offers a value, a reason.

    Raises:
        SettingError: if there are no clips or the codec cannot take them.
        MediaError: if a clip lacks picture or sound.
    """
    if not clips:
        raise SettingError("a codec report needs at least one clip")
    decoded = [clip for batch in _batches(clips) for clip in codec.decode(codec.encode(batch), batch[0].shape)]
    pairs = [(both(before), both(after)) for before, after in zip(clips, decoded, strict=True)]
    return {
        "psnr_db": _mean([psnr(a.video, b.video) for a, b in pairs]),
        "moving_psnr_db": _mean([moving_psnr(a.video, b.video) for a, b in pairs]),
        **sound_report([a.audio[0] for a, _ in pairs], [b.audio[0] for _, b in pairs]),
    }


def sound_report(before: Sequence[np.ndarray], after: Sequence[np.ndarray]) -> dict[str, Estimate]:
    """The part of :func:`codec_report` about sound, for waveforms ``(samples,)`` at 16 kHz."""
    errors = [log_mel_errors(a, b) for a, b in zip(before, after, strict=True)]
    shifts = [onset_shifts(a, b) for a, b in zip(before, after, strict=True)]
    found = [clip[~np.isnan(clip)] for clip in shifts]
    return {
        "log_mel_error": _mean([values.mean(keepdims=True) for values, _ in errors]),
        "loud_log_mel_error": _mean([values[loud] for values, loud in errors]),
        "onset_shift_ms": _quantile(found, 0.5),
        "onset_error_ms": _quantile([np.abs(clip) for clip in found], 0.5),
        "onset_error_ms_p90": _quantile([np.abs(clip) for clip in found], 0.9),
        "onsets_lost": _mean([np.isnan(clip).astype(float) for clip in shifts]),
    }


def psnr(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio in dB of each uint8 frame ``(F, H, W, 3)``; at most 99."""
    error = np.mean((before.astype(np.float64) - after) ** 2, axis=(1, 2, 3))
    return _decibel(error)


def moving_psnr(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """As :func:`psnr` over the pixels that move, one value for the clip; none if nothing moves."""
    still = np.median(before, axis=0)
    moving = np.abs(before - still).max(axis=-1) > MOVING
    if not moving.any():
        return np.empty(0)
    return _decibel(np.mean((before[moving].astype(np.float64) - after[moving]) ** 2, keepdims=True).reshape(1))


def log_mel_errors(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Size of the difference of two waveforms' natural log-mels, bin by bin, and which bins are loud in the first."""
    with torch.no_grad():
        first, second = LogMel()(torch.from_numpy(np.stack([before, after]))).double()
    return (first - second).abs().flatten().numpy(), (first > LOUD).flatten().numpy()


def onset_shifts(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """By how many ms each isolated attack of ``before`` comes later in ``after``; NaN where it is lost."""
    onsets = isolated_onsets(before, SAMPLE_RATE)
    moved = [onset_near(after, SAMPLE_RATE, onset) for onset in onsets]
    return np.array(
        [np.nan if new is None else (new - old) * 1000 / SAMPLE_RATE for old, new in zip(onsets, moved, strict=True)]
    )


def _mean(per_clip: Sequence[np.ndarray]) -> Estimate:
    """The mean of all clips' values together."""
    filled = _filled(per_clip)
    return ratio([float(values.sum()) for values in filled], [len(values) for values in filled], SEED, empty=NOTHING)


def _quantile(per_clip: Sequence[np.ndarray], share: float) -> Estimate:
    """A quantile of all clips' values together."""
    return quantile(_filled(per_clip), share, SEED, empty=NOTHING)


def _filled(per_clip: Sequence[np.ndarray]) -> list[np.ndarray]:
    return [values for values in per_clip if len(values)]


def _decibel(error: np.ndarray) -> np.ndarray:
    return np.minimum(99.0, 10 * np.log10(255**2 / np.maximum(error, 1e-9)))


def _batches(clips: Sequence[Clip]) -> list[Sequence[Clip]]:
    return [clips[start : start + BATCH] for start in range(0, len(clips), BATCH)]
