from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from phonofilm.errors import MediaError, SettingError
from phonofilm.media.clip import Clip
from phonofilm.pair import AV
from phonofilm.plots.sheet import COLORS, FLOOR_DB, draw_sheet, frame_times, log_mel, save_sheet, sheet_png


def film(frames: int = 5, seconds: Fraction = Fraction(1)) -> Clip:
    pictures = np.zeros((frames, 7, 11, 3), np.uint8)
    for index in range(frames):
        pictures[index] = (0, 0, 40 + 40 * index)
    time = np.arange(int(8000 * seconds)) / 8000
    return Clip(pictures, np.sin(2 * np.pi * 1000 * time)[None].astype(np.float32), frames / seconds, 8000)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(png)).convert("RGB"))


def colour(name: str) -> np.ndarray:
    return np.array([int(name[i : i + 2], 16) for i in (1, 3, 5)])


def test_every_frame_stands_in_the_strip_in_order() -> None:
    axes = draw_sheet(film()).axes[0]
    shown = [(image.get_extent()[0], int(image.get_array()[0, 0, 2])) for image in axes.images]
    assert shown == [pytest.approx((i / 5, 40 + 40 * i)) for i in range(5)]


def test_a_long_film_shows_the_frame_of_each_slot() -> None:
    pictures = np.repeat(np.arange(200, dtype=np.uint8), 7 * 11 * 3).reshape(200, 7, 11, 3)
    axes = draw_sheet(Clip(pictures, None, Fraction(25), 0)).axes[0]
    values = [int(image.get_array()[0, 0, 0]) for image in axes.images]
    assert values == [int((slot + 0.5) * 200 / 16) for slot in range(16)]


def test_time_axis_is_in_seconds_and_as_long_as_the_clip() -> None:
    figure = draw_sheet(film(seconds=Fraction(5, 2)))
    assert figure.axes[-1].get_xlim() == (0, 2.5)
    assert figure.axes[-1].get_xlabel() == "seconds"


def test_events_are_marked_where_and_as_what_they_are() -> None:
    figure = draw_sheet(film(), events=AV([0.25], [0.5, 0.75]))
    frames, wave, _ = figure.axes
    assert [list(line.get_xdata()) for line in frames.lines if line.get_marker() == "v"] == [[0.25]]
    assert [list(line.get_xdata()) for line in wave.lines if line.get_marker() == "^"] == [[0.5, 0.75]]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["seen (1)", "heard (2)"]


@pytest.mark.parametrize("events", [AV([], [0.5]), AV([0.25], []), AV([], [])])
def test_rows_keep_their_size_where_a_side_has_no_event(events: AV) -> None:
    def heights(figure: Figure) -> list[float]:
        figure.canvas.draw()
        return [axes.get_position().height for axes in figure.axes]

    assert heights(draw_sheet(film(), events=events)) == pytest.approx(
        heights(draw_sheet(film(), events=AV([0.25], [0.5]))), rel=0.05
    )


@pytest.mark.parametrize(("events", "seen", "heard"), [(None, False, False), (AV([0.3], [0.6]), True, True)])
def test_the_picture_itself_holds_both_marks_in_their_colours(events: AV | None, seen: bool, heard: bool) -> None:
    image = pixels(sheet_png(film(), events=events))
    found = COLORS.map(lambda name: bool((np.abs(image - colour(name)).sum(axis=-1) < 30).any()))
    assert (found.video, found.audio) == (seen, heard)


def test_spectrogram_peaks_at_the_tone() -> None:
    clip = film()
    mel = log_mel(clip.audio[0], 8000)
    top = 2595 * np.log10(1 + 4000 / 700)
    expected = 2595 * np.log10(1 + 1000 / 700) / top * 65 - 1
    assert abs(mel[:, mel.shape[1] // 2].argmax() - expected) <= 1


@pytest.mark.parametrize("missing", ["frames", "audio"])
def test_a_clip_without_picture_or_sound_is_drawn_and_says_so(missing: str) -> None:
    whole = film()
    clip = Clip(None, whole.audio, whole.fps, 8000) if missing == "frames" else Clip(whole.frames, None, whole.fps, 0)
    said = [[text.get_text() for text in axes.texts] for axes in draw_sheet(clip).axes]
    assert said == ([["no picture"], [], []] if missing == "frames" else [[], ["no sound"], ["no sound"]])
    empty = [axes for axes in draw_sheet(clip).axes if axes.texts]
    assert all(len(axes.get_yticks()) == 0 and axes.get_ylabel() == "" for axes in empty)
    assert sheet_png(clip).startswith(b"\x89PNG")


def test_the_spectrogram_of_silence_is_all_at_the_floor_of_its_scale() -> None:
    whole = film()
    mel = draw_sheet(Clip(whole.frames, np.zeros_like(whole.audio), whole.fps, 8000)).axes[2]
    (image,) = mel.images
    assert set(np.unique(image.get_array())) == {FLOOR_DB}
    assert image.get_clim() == (FLOOR_DB, 0)
    assert log_mel(whole.audio[0], 8000).max() == 0


def test_same_clip_same_bytes() -> None:
    assert sheet_png(film(), title="x") == sheet_png(film(), title="x")
    assert sheet_png(film(), title="x") != sheet_png(film(), title="y")


def test_frame_times_keep_single_frames_up_to_the_limit() -> None:
    assert len(frame_times(16, 2.0)) == 17
    assert len(frame_times(1000, 2.0)) == 17
    assert frame_times(3, 1.5) == pytest.approx([0, 0.5, 1.0, 1.5])


def test_only_png_names_are_taken(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"\.png"):
        save_sheet(film(), tmp_path / "x.jpg")
    assert not list(tmp_path.iterdir())


def test_an_existing_picture_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(b"mine")
    with pytest.raises(MediaError, match="exists already"):
        save_sheet(film(), path)
    assert path.read_bytes() == b"mine"
    save_sheet(film(), path, force=True)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_drawing_needs_no_torch() -> None:
    code = (
        "import sys, numpy as np; from fractions import Fraction; from phonofilm.media.clip import Clip;"
        "from phonofilm.plots.sheet import sheet_png;"
        "sheet_png(Clip(np.zeros((2, 8, 8, 3), np.uint8), np.zeros((1, 99), np.float32), Fraction(2), 99));"
        "print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
