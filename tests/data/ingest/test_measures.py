"""Each measure against signals whose answer is known, and loudness against FFmpeg's."""

from __future__ import annotations

import re
import subprocess
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io import wavfile

from phonofilm.data.ingest.measures import Absent, Measure, Meter, Window, find, measures, names
from phonofilm.data.ingest.measures._onsets import Onsets, onsets
from phonofilm.data.ingest.measures.cuts import first_pictures
from phonofilm.data.ingest.stream import Picture, small
from phonofilm.errors import SettingError
from phonofilm.media.mix import USUAL
from phonofilm.media.read import read
from phonofilm.media.span import Span

TICK = Fraction(1, 1000)
SOUND = [name for name in names() if find(name).needs.audio and not find(name).needs.video]


def window(*, seconds: float, rate: int = 0, channels: int = 0, first: int = 7000, frames: int = 1) -> Window:
    """A clip that begins 7 s into a film whose clock begins at 2 s."""
    samples = round(seconds * rate)
    span = Span(first, first + round(seconds * 1000), frames, round((first / 1000 - 2) * rate), samples)
    return Window(span, TICK, Fraction(2), rate, USUAL[channels] if channels else ())


def heard(name: str, sound: np.ndarray, rate: int, parts: int = 1) -> dict:
    meter = find(name)(window(seconds=sound.shape[1] / rate, rate=rate, channels=len(sound)))
    for part in np.array_split(sound, parts, axis=1):
        meter.hear(part)
    return meter.values()


def pictures(levels: list[np.ndarray], times: list[int]) -> list[Picture]:
    return [Picture(pts, pts / 1000 - 2, rgb) for rgb, pts in zip(levels, times, strict=True)]


def seen(name: str, shown: list[Picture], end: int) -> dict:
    clip = Window(Span(shown[0].pts, end, len(shown), 0, 0), TICK, Fraction(2), 0, ())
    meter = find(name)(clip)
    for picture in shown:
        meter.see(picture)
    return meter.values()


def flat(level: float) -> np.ndarray:
    return np.full((36, 64, 3), level, np.uint8)


def noise(rng: np.random.Generator, seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    return (0.1 * rng.standard_normal((channels, round(seconds * rate)))).astype(np.float32)


def sine(frequency: float, seconds: float, rate: int) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate).astype(np.float32)[None]


def ffmpeg_loudness(path: Path) -> float:
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="FFmpeg's program is not installed")
    program = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-threads", "1", "-i", str(path), "-vn"]
    told = subprocess.run([*program, "-af", "ebur128", "-f", "null", "-"], capture_output=True, text=True, check=True)
    return float(re.findall(r"I:\s+(-?[\d.]+) LUFS", told.stderr)[-1])


def test_every_family_says_what_it_gives_and_no_name_is_given_twice() -> None:
    every = [measure for name in names() for measure in find(name).gives]
    assert len({measure.name for measure in every}) == len(every) == len(measures())
    assert all(isinstance(measure, Measure) and measure.meaning for measure in every)
    assert all(issubclass(find(name), Meter) and find(name).version >= 1 for name in names())
    with pytest.raises(SettingError, match="did you mean 'motion'"):
        find("motoin")


@pytest.mark.parametrize("name", SOUND)
def test_sound_in_pieces_measures_like_sound_at_once(name: str) -> None:
    rng = np.random.default_rng(3)
    sound = noise(rng, 2.345, 22050, 2) * np.linspace(0, 1, round(2.345 * 22050), dtype=np.float32)
    whole, pieces = heard(name, sound, 22050), heard(name, sound, 22050, parts=37)
    assert whole.keys() == pieces.keys() == {measure.name for measure in find(name).gives}
    for key, value in whole.items():
        assert pieces[key] == pytest.approx(value, rel=1e-5), key


def test_levels_of_a_sine_are_those_of_the_textbook() -> None:
    values = heard("level", 0.5 * sine(441, 1, 44100), 44100)
    assert values["rms"] == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=1e-3)
    assert values["peak"] == pytest.approx(20 * np.log10(0.5), abs=1e-3)
    assert (values["clipped"], values["silence_ratio"], values["all_zero"]) == (0.0, 0.0, False)


def test_silence_is_counted_in_tenths_and_zeros_are_flagged() -> None:
    rate = 11025  # a tenth of a second is no whole number of samples
    loud, quiet = sine(500, 3, rate), 10 ** (-52 / 20) * np.sqrt(2) * sine(500, 7, rate)
    values = heard("level", np.concatenate([loud, quiet], axis=1), rate)
    assert values["silence_ratio"] == pytest.approx(0.7, abs=0.005) and values["all_zero"] is False
    zeros = heard("level", np.zeros((2, 3333), np.float32), rate)
    assert zeros["all_zero"] is True and zeros["silence_ratio"] == 1.0 and zeros["rms"] == zeros["peak"] == -120
    almost = np.zeros((2, 3333), np.float32)
    almost[1, 3332] = 1e-7
    assert heard("level", almost, rate)["all_zero"] is False


def test_clipped_samples_are_counted_in_all_channels() -> None:
    sound = np.zeros((2, 1000), np.float32)
    sound[0, :3], sound[1, 7:9], sound[1, 20] = 1.0, -1.2, 0.999
    assert heard("level", sound, 1000)["clipped"] == 5 / 2000
    assert heard("level", sound, 1000)["peak"] == pytest.approx(20 * np.log10(1.2), abs=1e-4)


@pytest.mark.parametrize("rate", [48000, 44100, 32000, 96000])
def test_a_full_sine_of_997_hz_in_one_channel_is_minus_3_01_lufs(rate: int) -> None:
    sound = np.concatenate([sine(997, 3, rate), np.zeros((1, 3 * rate), np.float32)])
    assert heard("loudness", sound, rate)["lufs"] == pytest.approx(-3.01, abs=0.02)


@pytest.mark.parametrize(("rate", "channels"), [(48000, 1), (44100, 2), (48000, 6), (22050, 2)])
def test_loudness_is_what_ffmpeg_says(rate: int, channels: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(channels)
    sound = noise(rng, 6, rate, channels) * np.array([1.5, 0.7, 0.02])[:, None].repeat(2 * rate, 1).reshape(1, -1)
    sound[:, rate : rate + 4000] = 0
    sound = np.cumsum(sound, axis=1) * 0.1  # as low as music, so that the second filter counts
    sound = np.clip(sound - sound.mean(axis=1, keepdims=True), -1, 1).astype(np.float32)
    wavfile.write(tmp_path / "sound.wav", rate, sound.T)
    assert heard("loudness", sound, rate, parts=7)["lufs"] == pytest.approx(
        ffmpeg_loudness(tmp_path / "sound.wav"), abs=0.1
    )


@pytest.mark.parametrize("name", ["gopro_maxhero_11s.mp4", "bbb_51_1080p60_2s.mp4", "portrait_iphone_2s.mov"])
def test_loudness_of_real_films_is_what_ffmpeg_says(name: str, clips: Path, tmp_path: Path) -> None:
    clip = read(clips / name, video=False)
    assert clip.audio is not None
    wavfile.write(tmp_path / "sound.wav", clip.sample_rate, clip.audio.T)
    said = ffmpeg_loudness(tmp_path / "sound.wav")
    assert heard("loudness", clip.audio, clip.sample_rate)["lufs"] == pytest.approx(said, abs=0.1)


def test_what_has_no_loudness_says_why() -> None:
    assert isinstance(heard("loudness", sine(500, 0.39, 8000), 8000)["lufs"], Absent)
    assert heard("loudness", 1e-5 * sine(500, 2, 8000), 8000)["lufs"] == -70


@pytest.mark.parametrize("share", [1.0, 0.6, 0.0, -1.0])
def test_correlation_of_a_mixture_is_the_share_of_what_is_common(share: float) -> None:
    rng = np.random.default_rng(0)
    left, other = noise(rng, 4, 16000, 2)
    right = share * left + np.sqrt(1 - share**2) * other + 0.25  # a constant is no sound
    assert heard("stereo", np.stack([left, right]), 16000)["channel_correlation"] == pytest.approx(share, abs=0.02)


def test_one_channel_and_silent_channels_have_no_correlation() -> None:
    sound = np.random.default_rng(0).standard_normal((1, 4000)).astype(np.float32)
    assert isinstance(heard("stereo", sound, 8000)["channel_correlation"], Absent)
    silent = np.concatenate([sound, np.zeros_like(sound)])
    assert isinstance(heard("stereo", silent, 8000)["channel_correlation"], Absent)


@pytest.mark.parametrize(("rate", "top"), [(48000, 9000), (22050, 3000)])
def test_bandwidth_is_where_99_percent_of_white_noise_ends(rate: int, top: int) -> None:
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(4 * rate))
    spectrum[np.fft.rfftfreq(4 * rate, 1 / rate) > top] = 0
    sound = 0.1 * np.fft.irfft(spectrum)[None].astype(np.float32)
    assert heard("bandwidth", sound, rate)["bandwidth"] == pytest.approx(0.99 * top, rel=0.02)
    assert isinstance(heard("bandwidth", 0 * sound, rate)["bandwidth"], Absent)


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_motion_does_not_depend_on_the_frame_rate(fps: int) -> None:
    times = [1000 * index // fps for index in range(2 * fps)]
    shown = pictures([flat(10 + time // 20) for time in times], times)  # 50 levels a second: 5 in a tenth
    values = seen("motion", shown, 2000)
    assert values["motion"] == pytest.approx(5, rel=0.12) and values["static_ratio"] == 0


def test_still_time_counts_by_the_clock_and_not_by_pictures() -> None:
    still = [flat(50)] * 2  # a single long picture in a film of variable rate
    moving = [flat(50 + index) for index in range(1, 11)]
    values = seen("motion", pictures(still + moving, [0, 3000, *range(3100, 4001, 100)]), 4100)
    assert values["static_ratio"] == pytest.approx(0.75)
    assert isinstance(seen("motion", pictures([flat(1)], [0]), 40)["motion"], Absent)


def test_slides_are_as_still_in_a_film_of_variable_rate_as_in_one_that_repeats_them() -> None:
    slides = [flat(20), flat(90), flat(200)]
    few = seen("motion", pictures(slides, [0, 5000, 10000]), 15000)
    repeated = [slide for slide in slides for _ in range(50)]
    many = seen("motion", pictures(repeated, list(range(0, 15000, 100))), 15000)
    assert few["static_ratio"] == pytest.approx(many["static_ratio"], abs=0.08)
    assert few["motion"] == pytest.approx(many["motion"], rel=0.05)


def test_black_counts_by_the_clock_and_a_small_light_does_not_spoil_it() -> None:
    lit, dot = flat(20), flat(20)
    lit[:, :3] = 200  # 5 %
    dot[:4, :9] = 200  # 1.6 %
    values = seen("black", pictures([lit, flat(20), dot, flat(60)], [0, 300, 400, 900]), 1000)
    assert values["black_ratio"] == pytest.approx(0.6)


def scene(rng: np.random.Generator) -> np.ndarray:
    coarse = rng.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    return cv2.resize(coarse, (96, 36), interpolation=cv2.INTER_CUBIC)


def panned(picture: np.ndarray, steps: int, count: int) -> list[np.ndarray]:
    return [np.ascontiguousarray(picture[:, index * steps : index * steps + 64]) for index in range(count)]


def test_cuts_are_found_between_moving_shots_at_any_rate_and_with_repeated_pictures() -> None:
    rng = np.random.default_rng(1)
    shots = [panned(scene(rng), 1, 12), panned(scene(rng), 2, 9), panned(scene(rng), 0, 20), panned(scene(rng), 3, 10)]
    levels = [picture for shot in shots for picture in shot]
    times = np.cumsum(rng.integers(15, 200, len(levels))).tolist()
    wanted = [times[12], times[21], times[41]]
    assert list(first_pictures(pictures(levels, times), TICK)) == wanted
    thrice = [picture for picture in levels for _ in range(3)]
    sixtieths = Fraction(1, 60)
    assert list(first_pictures(pictures(thrice, list(range(len(thrice)))), sixtieths)) == [36, 63, 123]
    assert seen("cuts", pictures(levels, times), times[-1] + 40)["cuts"] == 3


def test_flashes_fast_pans_and_the_first_picture_are_no_cuts() -> None:
    rng = np.random.default_rng(2)
    still = panned(scene(rng), 0, 20)
    for length in (1, 2):
        flashed = [flat(255) if 8 <= index < 8 + length else picture for index, picture in enumerate(still)]
        assert not list(first_pictures(pictures(flashed, list(range(20))), Fraction(1, 30)))
    assert not list(first_pictures(pictures(panned(scene(rng), 6, 6), list(range(6))), Fraction(1, 30)))
    assert not list(first_pictures(pictures(still[:1], [0]), TICK)) and not list(first_pictures([], TICK))


def test_onsets_of_clicks_are_counted_and_placed() -> None:
    rng, rate = np.random.default_rng(5), 22050
    sound = 0.02 * noise(rng, 5, rate)
    places = [0.503, 1.111, 1.9, 2.777, 4.2]
    for place in places:
        tail = 0.3 * rng.standard_normal(2000) * np.exp(-np.arange(2000) / 400)
        sound[0, round(place * rate) :][:2000] += tail.astype(np.float32)
    track = Onsets(rate)
    for part in np.array_split(sound, 11, axis=1):
        track.hear(part)
    found = track.time(onsets(track.strength()))
    assert len(found) == len(places)
    assert np.abs(found - places).max() <= 0.016


def test_steady_tones_and_noise_have_no_onsets() -> None:
    for sound in (0.5 * sine(220, 4, 16000), noise(np.random.default_rng(0), 4, 16000)):
        track = Onsets(16000)
        track.hear(sound)
        assert not len(onsets(track.strength())[1:])  # its beginning may count as one


@pytest.mark.parametrize("late", [-0.4, -0.1, 0.0, 0.2, 0.65])
def test_an_offset_between_blows_seen_and_heard_is_found(late: float) -> None:
    rng, rate, fps = np.random.default_rng(7), 16000, 30
    blows = np.array([1.03, 1.5, 2.41, 2.9, 3.77, 4.4, 5.23])
    levels = []
    for index in range(7 * fps):
        near = blows[np.argmin(np.abs(blows - index / fps))] - index / fps
        shift = int(20 * min(abs(near) * 6, 1) ** 2)  # swings to the blow and back
        levels.append(panned(np.tile(np.arange(96, dtype=np.uint8)[None, :, None] * 2, (36, 1, 3)), 1, 21)[shift])
    for place in blows:
        levels[int(np.ceil(place * fps))] = levels[int(np.ceil(place * fps))] // 2  # the light of the blow
    sound = 0.01 * noise(rng, 7, rate)
    for place in blows + late:
        tail = 0.3 * rng.standard_normal(1500) * np.exp(-np.arange(1500) / 300)
        sound[0, round(place * rate) :][:1500] += tail.astype(np.float32)
    meter = find("sync")(window(seconds=7, rate=rate, channels=1, frames=len(levels)))
    for index, rgb in enumerate(levels):
        meter.see(Picture(7000 + round(index * 1000 / fps), 0.0, rgb))
    meter.hear(sound)
    values = meter.values()
    assert values["onsets"] == len(blows)
    assert values["av_offset"] == pytest.approx(late, abs=1.2 / fps)
    assert 0.2 < values["av_confidence"] <= 1


def test_where_nothing_moves_or_sounds_there_is_no_offset() -> None:
    for sound, level in ((np.zeros((1, 32000), np.float32), 5), (noise(np.random.default_rng(0), 2, 16000), 0)):
        meter = find("sync")(window(seconds=2, rate=16000, channels=1))
        for index in range(20):
            meter.see(Picture(7000 + 100 * index, 0.0, flat(level * index)))
        sound[0, 9000:9100] += 0.5 * (level == 0)
        meter.hear(sound)
        assert isinstance(meter.values()["av_offset"], Absent)


@pytest.mark.parametrize(
    ("size", "made"), [((720, 1280), (36, 64)), ((480, 640), (36, 48)), ((640, 360), (64, 36)), ((2, 900), (36, 128))]
)
def test_pictures_are_made_small_in_proportion(size: tuple[int, int], made: tuple[int, int]) -> None:
    assert small(*size) == made
