"""Sample-accurate onsets of isolated sounds, for judging codecs.

Made for one question: by how much does a codec move an attack? It finds attacks out of near silence and
places each to the sample; dense or soft sound is passed over, not guessed at.
"""

from __future__ import annotations

import numpy as np

BEFORE, AFTER = 0.050, 0.030  # seconds around an attack that are looked at
RISE = 10.0  # an isolated attack is this many times louder (amplitude, 20 dB) than what comes before it
QUIETEST = 0.01  # root mean square of an attack that counts
FLOOR = 0.01  # of the attack's root mean square: what is quieter (-40 dB) counts as silence
STEP = 0.005  # seconds: grid of the search


def isolated_onsets(sound: np.ndarray, sample_rate: int) -> list[int]:
    """Sample indices of attacks out of near silence in a waveform ``(samples,)``, in order."""
    step, before, after = (int(seconds * sample_rate) for seconds in (STEP, BEFORE, AFTER))
    energy = np.concatenate([[0.0], np.cumsum(sound.astype(np.float64) ** 2)])
    found: list[int] = []
    for at in range(before, len(sound) - after, step):
        loud = _rms(energy, at, at + after)
        if loud < max(QUIETEST, RISE * _rms(energy, at - before, at)):
            continue
        onset = onset_near(sound, sample_rate, at)
        onset = None if onset is None else onset_near(sound, sample_rate, onset)  # once more, centred on it
        if onset is not None and (not found or onset - found[-1] > before):
            found.append(onset)
    return found


def onset_near(sound: np.ndarray, sample_rate: int, around: int) -> int | None:
    """The sample at which a sound sets in within 50 ms of ``around``; ``None`` where all is silent.

    Akaike's criterion (Maeda 1985) splits the window into two stretches of constant variance, here with
    everything below -40 dB of the louder stretch counted as silence.
    """
    before = int(BEFORE * sample_rate)
    start = max(0, around - before)
    window = sound[start : around + before].astype(np.float64)
    if len(window) < 2 or np.abs(window).max() < QUIETEST:
        return None
    squares = np.concatenate([[0.0], np.cumsum(window**2)])
    split = np.arange(1, len(window))
    floor = (FLOOR * np.sqrt((window**2).max())) ** 2
    left = np.maximum(squares[split] / split, floor)
    right = np.maximum((squares[-1] - squares[split]) / (len(window) - split), floor)
    return start + int(split[np.argmin(split * np.log(left) + (len(window) - split) * np.log(right))])


def _rms(energy: np.ndarray, start: int, end: int) -> float:
    return float(np.sqrt((energy[end] - energy[start]) / (end - start)))
