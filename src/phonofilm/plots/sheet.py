"""Contact sheet of a clip: frames over waveform over log-mel spectrogram, on one time axis, events marked."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from phonofilm.pair import AV
from phonofilm.plots.png import DPI, png, save_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from phonofilm.media.clip import Clip

WIDTH = 16.0  # inches of the time axis
MAX_FRAMES = 16  # frames in the strip; more would be too small to read
COLORS = AV("#d95f02", "#1f5fd0")  # seen and heard: told apart with any colour vision
MARKERS = AV("v", "^")
LABELS = AV("seen", "heard")
FLOOR_DB = -70.0
NOTHING = 1e-12  # power of no sound at all, for the logarithm

Marks = AV[tuple[float, ...] | None]
"""Times in seconds of the events seen and heard; ``None`` where nobody looked."""


def save_sheet(
    clip: Clip, path: str | Path, *, title: str = "", events: Marks | None = None, force: bool = False
) -> Path:
    """Write the contact sheet of a clip as a PNG file.

    Args:
        clip: with picture, sound or both.
        path: ends in ``.png``.
        title: one line above the picture, usually the prompt.
        events: to be marked.
        force: replace an existing file.

    Raises:
        SettingError: if the name does not end in ``.png``.
        MediaError: if the file cannot be written.
    """
    return save_png(lambda: draw_sheet(clip, title=title, events=events), path, force=force)


def sheet_png(clip: Clip, *, title: str = "", events: Marks | None = None) -> bytes:
    """The contact sheet as the bytes of a PNG file; the same clip gives the same bytes."""
    return png(draw_sheet(clip, title=title, events=events))


def draw_sheet(clip: Clip, *, title: str = "", events: Marks | None = None) -> Figure:
    """The contact sheet as a matplotlib figure: one row each for frames, waveform and spectrogram."""
    from matplotlib.figure import Figure

    strip_height = _strip_height(clip)
    figure = Figure(figsize=(WIDTH + 1.2, strip_height + 4.6), layout="constrained")
    frames, wave, mel = figure.subplots(3, 1, sharex=True, height_ratios=[strip_height, 1.6, 1.6])
    _draw_frames(frames, clip)
    _draw_wave(wave, clip)
    _draw_mel(mel, clip)
    if events is not None:
        _mark_events((frames, wave, mel), events)
    mel.set_xlim(0, float(clip.seconds))
    mel.set_xlabel("seconds")
    figure.suptitle(title, fontsize=12)
    return figure


def frame_times(count: int, seconds: float, limit: int = MAX_FRAMES) -> np.ndarray:
    """Edges ``(n + 1,)`` of the slots of the strip: one a frame, or ``limit`` equal ones for a longer film."""
    return np.linspace(0.0, seconds, min(count, limit) + 1)


def log_mel(samples: np.ndarray, sample_rate: int, bands: int = 64, window: int = 1024) -> np.ndarray:
    """Log-mel power in dB below the loudest bin, ``(band, frame)``; for looking at, not for training.

    Where nothing sounds all of it is at the floor.
    """
    window = min(window, 2 ** int(np.log2(max(len(samples), 2))))
    hop = max(1, window // 8)
    padded = np.pad(samples, window // 2)
    pieces = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    power = np.abs(np.fft.rfft(pieces * np.hanning(window), axis=-1)) ** 2
    db = 10 * np.log10(_mel_filters(bands, window, sample_rate) @ power.T + NOTHING)
    loudest = max(db.max(), 10 * np.log10(NOTHING) - FLOOR_DB)
    return np.maximum(db - loudest, FLOOR_DB)


def _mel_filters(bands: int, window: int, sample_rate: int) -> np.ndarray:
    """Triangles ``(band, bin)`` at equal distances on the mel scale (O'Shaughnessy's formula)."""
    top = 2595 * np.log10(1 + sample_rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(window, 1 / sample_rate)
    low, peak, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    return np.clip(np.minimum((bins - low) / (peak - low), (high - bins) / (high - peak)), 0, None)


def _strip_height(clip: Clip) -> float:
    """Inches, so that pixels come out square."""
    if clip.frames is None:
        return 0.6
    count, height, width, _ = clip.frames.shape
    picture_share = float(count / clip.fps / clip.seconds)
    return min(4.0, WIDTH * picture_share / min(count, MAX_FRAMES) * height / width)


def _draw_frames(axes: Axes, clip: Clip) -> None:
    if clip.frames is None:
        _leave_empty(axes, "no picture")
        return
    axes.set_yticks([])
    count = len(clip.frames)
    edges = frame_times(count, float(count / clip.fps))
    for left, right in pairwise(edges):
        shown = clip.frames[min(count - 1, int((left + right) / 2 * float(clip.fps)))]
        axes.imshow(shown, extent=(left, right, 0, 1), aspect="auto", interpolation="nearest")
    axes.vlines(edges, 0, 1, color="white", linewidth=0.8)
    axes.set_ylim(0, 1)
    skipped = "" if count <= MAX_FRAMES else f", {MAX_FRAMES} shown"
    axes.set_ylabel(f"{count} frames\n{float(clip.fps):g} fps{skipped}")


def _draw_wave(axes: Axes, clip: Clip) -> None:
    axes.set_ylim(-1.05, 1.05)
    if clip.audio is None or clip.audio.shape[1] == 0:
        _leave_empty(axes, "no sound")
        return
    axes.set_ylabel("amplitude")
    low, high = _envelope(clip.audio)
    times = np.linspace(0, clip.audio.shape[1] / clip.sample_rate, len(low), endpoint=False)
    axes.fill_between(times, low, high, color="#444444", linewidth=0.5, edgecolor="#444444")


def _envelope(audio: np.ndarray, columns: int = int(WIDTH * DPI)) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest sample of each column of pixels, over all channels."""
    starts = np.unique(np.linspace(0, audio.shape[1], columns, endpoint=False).astype(int))
    low, high = audio.min(axis=0), audio.max(axis=0)
    return np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)


def _draw_mel(axes: Axes, clip: Clip) -> None:
    if clip.audio is None or clip.audio.shape[1] == 0:
        _leave_empty(axes, "no sound")
        return
    axes.set_ylabel("mel band")
    seconds = clip.audio.shape[1] / clip.sample_rate
    picture = log_mel(clip.audio.mean(axis=0), clip.sample_rate)
    extent = (0, seconds, 0, len(picture))
    axes.imshow(picture, extent=extent, aspect="auto", origin="lower", cmap="magma", vmin=FLOOR_DB, vmax=0)


def _leave_empty(axes: Axes, why: str) -> None:
    axes.set_yticks([])
    axes.text(0.5, 0.5, why, transform=axes.transAxes, ha="center", va="center")


def _mark_events(rows: Sequence[Axes], events: Marks) -> None:
    """Seen events point down from the frames, heard ones up from the waveform; both cross all rows as thin lines."""
    frames, wave, _ = rows
    places = AV((frames, 0.97), (wave, -0.95))

    def mark(times: Sequence[float], color: str, marker: str, label: str, place: tuple[Axes, float]) -> None:
        axes, height = place
        style = {"linestyle": "none", "color": color, "markeredgecolor": "white", "markersize": 13, "zorder": 5}
        label = f"{label} ({len(times)})"
        (line,) = axes.plot(times, [height] * len(times), marker=marker, label=label, clip_on=False, **style)
        line.set_in_layout(False)  # an empty line claims the corner of the page and would squeeze all rows
        for row in rows:
            for time in times:
                row.axvline(time, color=color, linewidth=1.2, alpha=0.8)

    events.map(mark, COLORS, MARKERS, LABELS, places)
    handles = [handle for axes in (frames, wave) for handle in axes.get_legend_handles_labels()[0]]
    # Beside the title: over the waveform it would hide the last events.
    wave.figure.legend(handles=handles, loc="upper right", ncols=len(handles), frameon=False)
