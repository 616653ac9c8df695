from itertools import pairwise

import numpy as np
import pytest

from phonofilm.data.clapperboard import HELD_OUT, render_audio, sample_scene
from phonofilm.data.clapperboard.materials import GLASS, LEAVES, MATERIALS, METAL, WOOD
from phonofilm.data.clapperboard.sound import LOUDEST, Voice, impact
from tests.data.clapperboard.conftest import SHAPE

RATE = 16000


def strike(material, strength=1.0, pitch=1.0, rate=RATE):
    return impact(Voice.sample(material, np.random.default_rng(7)), strength, pitch, 0, rate, rate)


@pytest.mark.parametrize("material", MATERIALS.values(), ids=MATERIALS)
@pytest.mark.parametrize("rate", [1000, 8000, 16000, 48000])
def test_level_and_onset(material, rate):
    sound = strike(material, 0.7, rate=rate)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() == pytest.approx(0.7 * LOUDEST)
    assert abs(sound[0]) > 1e-3
    assert np.abs(sound[-3:]).max() < 0.02


def test_metal_rings_longer_than_wood():
    def seconds(sound):
        energy = np.cumsum(np.square(sound))
        return np.searchsorted(energy, 0.99 * energy[-1]) / RATE

    assert seconds(strike(METAL)) > 4 * seconds(strike(WOOD))


def test_the_lowest_mode_has_the_pitch_and_decays_as_told():
    voice = Voice(GLASS, 2000.0, 3)
    sound = impact(voice, 1.0, 1.25, 0, RATE, RATE)
    spectrum = np.abs(np.fft.rfft(sound[800:] * np.hanning(len(sound) - 800), 4 * RATE))
    assert np.argmax(spectrum) / 4 == pytest.approx(2500, rel=0.01)
    wave = np.exp(-2j * np.pi * 2500 / RATE * np.arange(1600)) * np.hanning(1600)
    early, late = (abs(wave @ sound[start : start + 1600]) for start in (400, 4400))
    assert late / early == pytest.approx(10 ** (-3 * (4000 / RATE) / GLASS.sound.seconds), rel=0.02)


def test_softer_is_duller():
    def centre(sound):
        power = np.square(np.abs(np.fft.rfft(sound)))
        return (power * np.arange(len(power))).sum() / power.sum()

    assert centre(strike(GLASS, 0.3)) < centre(strike(GLASS, 1.0))


def test_noise_differs_from_hit_to_hit():
    voice = Voice(LEAVES, 1.0, 5)
    assert not np.array_equal(impact(voice, 1, 1, 0, RATE, RATE), impact(voice, 1, 1, 1, RATE, RATE))
    np.testing.assert_array_equal(impact(voice, 1, 1, 1, RATE, RATE), impact(voice, 1, 1, 1, RATE, RATE))


def features(sound):
    """Shares of twelve bands and the decay, of the quarter second after an onset."""
    sound = np.pad(sound[:4000], (0, max(0, 4000 - len(sound))))
    power = np.square(np.abs(np.fft.rfft(sound * np.hanning(8000)[4000:])))
    edges = np.searchsorted(np.fft.rfftfreq(4000, 1 / RATE), np.geomspace(60, 8000, 13))
    bands = np.log10([power[a:b].sum() / power.sum() + 1e-5 for a, b in pairwise(edges)])
    spans = np.log10([np.square(sound[a:b]).mean() + 1e-9 for a, b in ((0, 400), (400, 1200), (1200, 2400))])
    return np.concatenate([bands, spans[1:] - spans[0]])


def heard(seeds):
    scenes = [sample_scene(seed) for seed in seeds]
    plain = [s for s in scenes if not s.silent and len(s.acts) == 1]
    rows = np.array([features(render_audio(s, SHAPE)[0, s.events[0].sample :]) for s in plain])
    return rows, np.array([s.material for s in plain])


def test_materials_can_be_told_apart_by_ear():
    rows, names = heard(range(320))
    new_rows, new_names = heard(range(HELD_OUT, HELD_OUT + 160))
    mean, scale = rows.mean(0), rows.std(0)
    known = np.array(sorted(set(names)))
    centres = np.array([((rows - mean) / scale)[names == name].mean(0) for name in known])
    distances = np.square(((new_rows - mean) / scale)[:, None] - centres).sum(-1)
    assert (known[distances.argmin(1)] == new_names).mean() > 0.9
