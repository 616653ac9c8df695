"""Sounds of single impacts, starting at full strength on their first sample."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.signal import butter, lfilter

from phonofilm.data.clapperboard.materials import Material, Ringing, Shower

LOUDEST = 0.6
"""Peak of the loudest possible impact: ringing tails of earlier impacts may still add to it."""
_QUIET = 4.0  # a sound ends where its slowest mode is this many decades (80 dB) down


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
def _band(low: float, high: float, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Second-order band-pass; bands beyond the Nyquist frequency are pulled below it."""
    top = min(high, 0.45 * sample_rate)
    return butter(1, (min(low, 0.6 * top), top), btype="bandpass", fs=sample_rate)


def _ringing(sound: Ringing, pitch: float, softness: float, rng: np.random.Generator, rate: int, n: int) -> np.ndarray:
    """Damped cosines: the velocity of each mode after an impulse, r^n cos(wn), as a two-pole filter's response."""
    n = min(n, 1 + int(rate * sound.seconds * _QUIET / 3))
    impulse = np.zeros(n)
    impulse[0] = 1.0
    out = np.zeros(n)
    for ratio in sound.ratios:
        hertz = pitch * ratio
        if hertz >= 0.45 * rate:
            break
        amplitude = ratio ** -(sound.tilt + softness)
        decay = 10.0 ** (-3.0 / (rate * sound.seconds * ratio**-sound.damping))
        turn = 2 * np.pi * hertz / rate
        out += amplitude * lfilter([1, -decay * np.cos(turn)], [1, -2 * decay * np.cos(turn), decay**2], impulse)
    out /= out[0]
    noise = rng.standard_normal(n) * np.exp(-np.arange(n) / (rate * sound.burst_seconds))
    noise = lfilter(*_band(*sound.burst_band, rate), noise)
    return out + sound.burst * noise / np.abs(noise).max()


def _shower(sound: Shower, rng: np.random.Generator, rate: int, n: int) -> np.ndarray:
    """A large grain at once, then smaller ones at random times, through the grains' band."""
    n = min(n, 1 + int(rate * sound.seconds * 6))
    envelope = np.exp(-np.arange(n) / (rate * sound.seconds))
    grains = (rng.random(n) < sound.rate / rate * envelope) * rng.standard_normal(n) * np.sqrt(envelope)
    grains[0] = sound.attack
    return lfilter(*_band(*sound.band, rate), grains)


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
