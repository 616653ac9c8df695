"""Sounds of single impacts, starting at full strength on their first sample."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.signal import butter, lfilter, sosfilt

from phonofilm.data.clapperboard.materials import Material, Ringing, Shower

LOUDEST = 0.6
"""Peak of the loudest possible impact: ringing tails of earlier impacts may still add to it."""
DECADES = 4.0
"""A sound ends where its slowest mode is so many decades (80 dB) down."""


@dataclass(frozen=True)
class Voice:
    """The sound of one thing.

    Attributes:
        material: what it is made of.
        pitch: lowest mode in Hz (unused by loose matter).
        seed: start of the random numbers of its noise.
    """

    material: Material
    pitch: float
    seed: int

    @classmethod
    def sample(cls, material: Material, rng: np.random.Generator) -> Voice:
        """A thing of random size."""
        low, high = material.sound.pitch if isinstance(material.sound, Ringing) else (1.0, 1.0)
        return cls(material, float(low * (high / low) ** rng.random()), int(rng.integers(2**31)))


@lru_cache(maxsize=64)
def _band(low: float, high: float, sample_rate: int) -> np.ndarray:
    """Band-pass of 6 dB an octave, as second-order sections; it is pulled below the Nyquist frequency."""
    top = min(high, 0.45 * sample_rate)
    return np.asarray(butter(1, (min(low, 0.6 * top), top), btype="bandpass", fs=sample_rate, output="sos"))


def _mode(hertz: float, seconds: float, sample_rate: int, samples: int) -> np.ndarray:
    """A damped cosine r^n cos(wn) that decays by 60 dB in ``seconds``: the velocity of one mode after an impulse.

    It is made as the impulse response of two poles, which is much faster than evaluating cosines.
    """
    impulse = np.zeros(samples)
    impulse[0] = 1.0
    decay, turn = 10.0 ** (-3.0 / (sample_rate * seconds)), 2 * np.pi * hertz / sample_rate
    return np.asarray(lfilter([1, -decay * np.cos(turn)], [1, -2 * decay * np.cos(turn), decay**2], impulse))


def _ringing(sound: Ringing, pitch: float, softness: float, rng: np.random.Generator, rate: int, n: int) -> np.ndarray:
    """The sum of the modes below the Nyquist frequency, and a burst of noise; more ``softness`` is duller."""
    n = min(n, 1 + int(rate * sound.seconds * DECADES / 3))
    out = np.zeros(n)
    for ratio in sound.ratios:
        if pitch * ratio < 0.45 * rate:
            seconds = sound.seconds * ratio**-sound.damping
            out += ratio ** -(sound.tilt + softness) * _mode(pitch * ratio, seconds, rate, n)
    noise = rng.standard_normal(n) * np.exp(-np.arange(n) / (rate * sound.burst_seconds))
    noise = np.asarray(sosfilt(_band(*sound.burst_band, rate), noise))
    if out[0] > 0:  # zero where the sample rate is too low for any of the modes
        out /= out[0]
    return out + sound.burst * noise / np.abs(noise).max()


def _shower(sound: Shower, rng: np.random.Generator, rate: int, n: int) -> np.ndarray:
    """A large grain at once, then smaller ones at random times, through the grains' band."""
    n = min(n, 1 + int(rate * sound.seconds * 6))
    envelope = np.exp(-np.arange(n) / (rate * sound.seconds))
    grains = (rng.random(n) < sound.rate / rate * envelope) * rng.standard_normal(n) * np.sqrt(envelope)
    grains[0] = sound.attack
    return np.asarray(sosfilt(_band(*sound.band, rate), grains))


def impact(voice: Voice, strength: float, pitch: float, nth: int, sample_rate: int, samples: int) -> np.ndarray:
    """The sound of one impact.

    Args:
        voice: the thing that is struck.
        strength: impulse relative to the hardest, in (0, 1]; sets the level, and softer is duller.
        pitch: factor on the voice's pitch (which key of a row).
        nth: how manieth impact of this voice; selects its noise.
        sample_rate: in Hz.
        samples: at most so many are computed.

    Returns:
        float64 ``(sample,)`` with at most ``samples`` samples, peak ``LOUDEST * strength``, first sample not zero.
    """
    rng = np.random.default_rng([voice.seed, nth])
    sound = voice.material.sound
    if isinstance(sound, Ringing):
        out = _ringing(sound, voice.pitch * pitch, 0.4 * (1 - strength), rng, sample_rate, samples)
    else:
        out = _shower(sound, rng, sample_rate, samples)
    return out * (LOUDEST * strength / np.abs(out).max())
