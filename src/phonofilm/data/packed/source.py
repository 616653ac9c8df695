"""Packed clips as what training takes: latents that were packed, or clips encoded when they are asked for."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from phonofilm.data.latents import LatentBatch, LatentSource
from phonofilm.data.packed.encode import encode_clips
from phonofilm.data.packed.folder import Packed
from phonofilm.data.packed.latent_shards import LatentWindows, Number, kind_of
from phonofilm.data.packed.loader import Batch, take
from phonofilm.data.packed.rows import INDEX
from phonofilm.data.packed.windows import ClipWindows, Cutting
from phonofilm.errors import SettingError
from phonofilm.pair import AV
from phonofilm.shapes import ClipShape

if TYPE_CHECKING:
    from phonofilm.codecs.base import Codec

TRAIN = "train"
"""The split that is not held out."""
WORDS = 10
"""Words that a warning shows at most."""


class NoLatentsWarning(UserWarning):
    """Clips are encoded each time they are read, since there are no latents that fit."""


class UnknownWordsWarning(UserWarning):
    """Captions hold words that the text encoder was never trained on."""


class HeldOutWarning(UserWarning):
    """All splits are trained on, also those that are to be held out."""


class PackedLatents:
    """Latents that lie beside packed clips.

    Args:
        windows: of the latents.

    Raises:
        SettingError: if a clip lacks picture or sound.
    """

    def __init__(self, windows: LatentWindows) -> None:
        _check_whole(windows.packed)
        self.windows = windows

    def __len__(self) -> int:
        return len(self.windows.clip)

    def take(self, indices: Sequence[int]) -> LatentBatch:
        """Windows by number."""
        batch: Batch = take(self.windows, indices)
        assert batch.content.video is not None and batch.content.audio is not None
        return LatentBatch(AV(batch.content.video, batch.content.audio), list(batch.captions))


class EncodedClips:
    """Packed clips, decoded and encoded when they are asked for.

    Args:
        windows: of the clips.
        codec: encodes them.

    Raises:
        SettingError: if a clip lacks picture or sound, or the codec cannot take windows of this shape.
    """

    def __init__(self, windows: ClipWindows, codec: Codec) -> None:
        _check_whole(windows.packed)
        codec.latent_shape(windows.cutting.shape)
        self.windows, self.codec = windows, codec

    def __len__(self) -> int:
        return len(self.windows.clip)

    def take(self, indices: Sequence[int]) -> LatentBatch:
        """Windows by number."""
        latents = encode_clips(self.codec, self.windows.clips(indices))
        entries = self.windows.packed.entries(self.windows.clip[list(indices)])
        sides: AV[list[Tensor]] = AV([one.video for one in latents], [one.audio for one in latents])  # pyright: ignore
        return LatentBatch(sides.map(torch.stack), [entry.caption for entry in entries])


def source(
    place: str | Path,
    codec: Codec,
    shape: ClipShape,
    *,
    split: str | None = None,
    leave_short: bool = False,
    unknown_words: Callable[[str], Sequence[str]] = lambda text: (),
) -> LatentSource:
    """What to train on from a packed folder: latents of this codec and shape where there are some, else its clips.

    Clips give the same numbers, but take longer: a :class:`NoLatentsWarning` says so. An :class:`UnknownWordsWarning`
    tells of captions with words that the model's text encoder does not know, a :class:`HeldOutWarning` of splits where
    none is named.

    Args:
        place: path or fsspec URL.
        codec, shape: of the model that trains.
        split: only its clips.
        leave_short: clips shorter than a window are left out.
        unknown_words: of a caption, those that the text encoder of the model was never trained on.

    Raises:
        MediaError: if the folder is not packed, or latents in it are damaged.
        SettingError: if clips lack picture or sound, or are shorter than a window.
    """
    packed, cutting = Packed(place, split), Cutting(shape)
    _check_words(packed, unknown_words)
    if split is None and set(packed.splits) - {TRAIN}:
        warnings.warn(
            f"{place} is divided ({', '.join(packed.splits)}) and all of it is trained on: add split={TRAIN} to hold "
            "out the rest",
            HeldOutWarning,
            stacklevel=2,
        )
    for number in Number:
        folder = kind_of(codec, packed, cutting, number).folder
        if packed.files.holds(f"{folder}/{INDEX}"):
            return PackedLatents(LatentWindows(packed, folder, leave_short))
    found = EncodedClips(ClipWindows(packed, cutting, leave_short), codec)
    warnings.warn(
        f"{place} has no finished latents of this codec and of windows of {float(shape.seconds):g} s: clips are "
        f"encoded each time they are read; phonofilm prepare encode {place} --model MODEL does so once",
        NoLatentsWarning,
        stacklevel=2,
    )
    return found


def _check_whole(packed: Packed) -> None:
    """Training on both modalities takes clips that have both."""
    lacking = packed.lacking()
    if lacking:
        raise SettingError(
            f"{len(lacking)} of {len(packed)} clips in {packed.files.root}, {lacking[0]} the first of them, lack "
            "picture or sound: scan their films without --silent, which leaves them out, and pack again"
        )


def _check_words(packed: Packed, unknown_words: Callable[[str], Sequence[str]]) -> None:
    captions = Counter(packed.column("caption"))
    strange = {caption: words for caption in captions if (words := unknown_words(caption))}
    if not strange:
        return
    often: Counter[str] = Counter()
    for caption, words in strange.items():
        often.update(dict.fromkeys(words, captions[caption]))
    some = ", ".join(repr(word) for word, _ in often.most_common(WORDS))
    more = f" and {len(often) - WORDS} more" if len(often) > WORDS else ""
    warnings.warn(
        f"captions of {sum(captions[caption] for caption in strange)} of {len(packed)} clips hold words that the text "
        f"encoder was never trained on: {some}{more}; --stage video and --stage audio train it, joint does not",
        UnknownWordsWarning,
        stacklevel=3,
    )
