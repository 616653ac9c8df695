"""Latents beside clips: of all windows of these clips, or none are taken; what does not change them keeps them."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from fractions import Fraction
from importlib import import_module
from pathlib import Path

import pytest

from phonofilm.codecs.base import Codec
from phonofilm.codecs.identity import Pictures, Sound, SoundConfig
from phonofilm.data.packed.encode import SlowClipsWarning, begin, encode, encode_shard, finish
from phonofilm.data.packed.folder import Packed
from phonofilm.data.packed.latent_shards import VERSION, LatentWindows, kind_of, stale
from phonofilm.data.packed.loader import Loader
from phonofilm.data.packed.rows import INDEX
from phonofilm.data.packed.shards import Sample, pack
from phonofilm.data.packed.source import EncodedClips, NoLatentsWarning, PackedLatents, source
from phonofilm.data.packed.windows import ClipWindows, Cutting
from phonofilm.errors import MediaError, SettingError
from tests.data.packed.packs import RATE, WINDOW, sample

CUTTING = Cutting(WINDOW)
SHORT = 2
"""Number of the clip that is shorter than two seconds."""


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return [sample(number, 1 if number == SHORT else 2) for number in range(4)]


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec(Pictures(), Sound(SoundConfig(sample_rate=RATE, block=100)))


def windows_of(folder: Path, seconds: int = 1, *, leave_short: bool = False) -> ClipWindows:
    return ClipWindows(Packed(folder), Cutting(replace(WINDOW, seconds=Fraction(seconds))), leave_short)


def test_other_shards_of_the_same_clips_have_latents_of_all_windows(
    samples: list[Sample], tmp_path: Path, codec: Codec
) -> None:
    pack(samples, tmp_path, shard_bytes=1)
    windows = windows_of(tmp_path)
    kind = kind_of(codec, windows.packed, CUTTING)
    begin(windows.packed, kind)
    encode_shard(windows, 0, codec, kind)  # and there it was killed
    pack(samples, tmp_path, force=True)
    again = windows_of(tmp_path)
    found = LatentWindows(again.packed, encode(again, codec).name)
    assert list(found.clip) == list(again.clip)


def test_rows_of_other_windows_are_made_again_and_never_finished(
    samples: list[Sample], tmp_path: Path, codec: Codec
) -> None:
    pack(samples, tmp_path)
    windows = windows_of(tmp_path)
    folder = encode(windows, codec)
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    rows = folder / "shard-000000.jsonl"
    first, *others = whole[rows.name].splitlines(keepends=True)
    fewer = json.dumps({**json.loads(first), "windows": 1}).encode() + b"\n"
    kind = kind_of(codec, windows.packed, CUTTING)
    for damaged in (b"".join(others), b"".join([fewer, *others]), b"".join([*others, first]), first + b"{"):
        rows.write_bytes(damaged)
        with pytest.raises(MediaError, match="encode the clips again"):
            finish(windows, kind)
        assert encode(windows, codec) == folder
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole


def test_latents_that_were_lost_or_changed_are_made_again(samples: list[Sample], tmp_path: Path, codec: Codec) -> None:
    pack(samples, tmp_path)
    windows = windows_of(tmp_path)
    folder = encode(windows, codec)
    shard = folder / "shard-000000.tar"
    whole = shard.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:]):
        shard.unlink()
        if damaged:
            shard.write_bytes(damaged)
        with pytest.raises(MediaError, match=r"or encode the clips again$"):
            list(Loader.open(tmp_path, latents=folder.name, batch=2))
        assert encode(windows, codec) == folder
        assert shard.read_bytes() == whole


def test_latents_of_fewer_windows_than_the_clips_have_are_refused(
    samples: list[Sample], tmp_path: Path, codec: Codec, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(samples, tmp_path)
    name = encode(windows_of(tmp_path), codec).name
    monkeypatch.setattr(Cutting, "count", lambda self, pictures, sound: 1)
    with pytest.raises(MediaError, match="other windows"):
        LatentWindows(Packed(tmp_path), name)


def test_short_clips_are_an_error_with_latents_as_without(samples: list[Sample], tmp_path: Path, codec: Codec) -> None:
    pack(samples, tmp_path)
    long = replace(WINDOW, seconds=Fraction(2))
    windows = windows_of(tmp_path, 2, leave_short=True)
    name = encode(windows, codec).name
    with pytest.raises(SettingError, match=r"4 of 4 clips, .*: prepare longer clips, or take a shorter window$"):
        windows_of(tmp_path, 60, leave_short=True)
    with pytest.raises(SettingError, match="1 of 4 clips, clip-002 the first of them, are shorter"):
        source(tmp_path, codec, long)
    with pytest.raises(SettingError, match="1 of 4 clips"):
        Loader.open(tmp_path, latents=name, batch=2)
    assert len(Loader.open(tmp_path, latents=name, leave_short=True, batch=2)) == len(samples) // 2
    left = source(tmp_path, codec, long, leave_short=True)
    assert isinstance(left, PackedLatents)
    assert len(left) == len(samples) - 1


def test_other_words_keep_latents_but_not_the_place_in_an_epoch(
    samples: list[Sample], tmp_path: Path, codec: Codec
) -> None:
    pack(samples, tmp_path)
    name = encode(windows_of(tmp_path), codec).name
    before = Loader.open(tmp_path, latents=name, batch=2)
    told = [Sample(one.clip.model_copy(update={"caption": "told anew", "split": "test"}), one.film) for one in samples]
    pack(told, tmp_path, force=True)
    found = source(tmp_path, codec, WINDOW)
    assert isinstance(found, PackedLatents)
    assert found.take([0]).captions == ["told anew"]
    with pytest.raises(SettingError, match="another windows"):
        Loader.open(tmp_path, latents=name, batch=2).load_state_dict(before.state_dict())


def test_clips_that_are_encoded_on_the_way_are_told(samples: list[Sample], tmp_path: Path, codec: Codec) -> None:
    pack(samples, tmp_path)
    folder = encode(windows_of(tmp_path), codec)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        source(tmp_path, codec, WINDOW, split="train")
    (folder / INDEX).unlink()
    with pytest.warns(NoLatentsWarning, match="no finished latents of this codec and of windows of 1 s"):
        assert isinstance(source(tmp_path, codec, WINDOW), EncodedClips)


def test_clips_of_fewer_pictures_than_the_windows_are_told(samples: list[Sample], tmp_path: Path, codec: Codec) -> None:
    pack(samples, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encode(windows_of(tmp_path), codec)
    quicker = ClipWindows(Packed(tmp_path), Cutting(replace(WINDOW, fps=Fraction(6))))
    said = "4 of 4 clips have fewer frames a second than the 6 that are encoded, at the least 5: pictures are repeated"
    with pytest.warns(SlowClipsWarning, match=said):
        encode(quicker, codec)


def test_latents_of_films_that_lie_there_no_more_are_stale(samples: list[Sample], tmp_path: Path, codec: Codec) -> None:
    pack(samples, tmp_path)
    name = encode(windows_of(tmp_path), codec).name
    assert stale(Packed(tmp_path)) == []
    pack(samples[1:], tmp_path, force=True)
    assert stale(Packed(tmp_path)) == [name]
    pack(samples, tmp_path, force=True)
    assert stale(Packed(tmp_path)) == [], "they are there again"
    (tmp_path / name / "latents.json").write_text("{")
    assert stale(Packed(tmp_path)) == [name]


@pytest.mark.parametrize("library", ["av", "numpy", "soxr", "torch"])
def test_other_code_and_other_libraries_meet_no_old_latents(
    samples: list[Sample], tmp_path: Path, codec: Codec, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    pack(samples, tmp_path)
    packed = Packed(tmp_path)
    before = kind_of(codec, packed, CUTTING).folder
    version = import_module(library).__version__
    monkeypatch.setattr(f"{library}.__version__", f"{version.partition('+')[0]}+cu999")
    assert kind_of(codec, packed, CUTTING).folder == before, "the same release, built for another machine"
    monkeypatch.setattr(f"{library}.__version__", "0.0.1")
    assert kind_of(codec, packed, CUTTING).folder != before
    monkeypatch.setattr(f"{library}.__version__", version)
    monkeypatch.setattr("phonofilm.data.packed.latent_shards.VERSION", VERSION + 1)
    assert kind_of(codec, packed, CUTTING).folder != before


def test_latents_from_before_versions_were_noted_are_read_by_their_name(
    samples: list[Sample], tmp_path: Path, codec: Codec
) -> None:
    pack(samples, tmp_path)
    folder = encode(windows_of(tmp_path), codec)
    told = json.loads((folder / "latents.json").read_text())
    older = {key: value for key, value in told.items() if key not in ("version", "libraries")}
    (folder / "latents.json").write_text(json.dumps(older))
    assert stale(Packed(tmp_path)) == []
    assert len(Loader.open(tmp_path, latents=folder.name, batch=2)) > 0


def test_one_split_alone_is_not_encoded(samples: list[Sample], tmp_path: Path, codec: Codec) -> None:
    pack(samples, tmp_path)
    with pytest.raises(SettingError, match="all splits"):
        encode(ClipWindows(Packed(tmp_path, "train"), CUTTING), codec)
