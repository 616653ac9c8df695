"""Batches: every window once, in an order that seed and epoch fix, whoever reads, wherever it was stopped."""

import functools
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch

from phonofilm.codecs.base import Codec
from phonofilm.codecs.identity import Pictures, Sound, SoundConfig
from phonofilm.data.ingest.scan import Film, Scan, scan
from phonofilm.data.ingest.split import Scanned, Split, split
from phonofilm.data.packed.encode import begin, encode, encode_shard, finish
from phonofilm.data.packed.folder import Packed
from phonofilm.data.packed.latent_shards import LatentWindows, Number, kind_of
from phonofilm.data.packed.loader import Batch, Loader, epoch_order
from phonofilm.data.packed.rows import INDEX, Member
from phonofilm.data.packed.shards import Sample, described, pack
from phonofilm.data.packed.source import EncodedClips, PackedLatents, source
from phonofilm.data.packed.windows import ClipWindows, Cutting, ShortClipsWarning
from phonofilm.errors import MediaError, SettingError
from phonofilm.media import read
from phonofilm.media.cut import Form, Piece, cut_all
from phonofilm.shapes import ClipShape
from tests.data.packed.packs import COUNT, FPS, RATE, WINDOW, clip, in_order, sample

SECONDS = {number: 1 + number % 3 for number in range(COUNT)}
SILENT = 5
KEYS = {f"clip-{number:03d}": number for number in range(COUNT)}
CUTTING = Cutting(WINDOW)
TOTAL = sum(SECONDS.values())


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return list(in_order([sample(number, SECONDS[number], silent=number == SILENT) for number in range(COUNT)]))


@pytest.fixture(scope="module")
def folder(samples: list[Sample], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packed")
    pack(samples, folder, shard_bytes=2 * max(one.size for one in samples))
    return folder


@pytest.fixture(scope="module")
def whole(samples: list[Sample], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packed clips that all have sound."""
    folder = tmp_path_factory.mktemp("whole")
    pack([one for one in samples if one.clip.audio], folder, shard_bytes=2 * max(one.size for one in samples))
    return folder


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec(Pictures(), Sound(SoundConfig(sample_rate=RATE, block=100)))


@pytest.fixture(scope="module")
def latents(whole: Path, codec: Codec) -> str:
    """Name of the latents' folder in ``whole``."""
    return encode(ClipWindows(Packed(whole), CUTTING), codec).name


def opened(folder: Path | str, batch: int = 4, **options: object) -> Loader:
    return Loader.open(folder, CUTTING, batch=batch, **options)


def same(first: Batch, second: Batch) -> bool:
    sides = first.content.map(
        lambda a, b: torch.equal(torch.nan_to_num(a.float()), torch.nan_to_num(b.float())), second.content
    )
    present = first.present.map(torch.equal, second.present)
    return (
        first.keys == second.keys
        and first.captions == second.captions
        and all(sides.present())
        and all(present)
        and [s is None for s in first.content] == [s is None for s in second.content]
    )


def windows_of(batches: list[Batch]) -> list[bytes]:
    """Something that tells every window from the others: its picture."""
    return [window.numpy().tobytes() for batch in batches for window in batch.content.video]


def all_windows() -> list[bytes]:
    step = int(FPS)
    return [
        clip(number, seconds).frames[start : start + step].tobytes()
        for number, seconds in SECONDS.items()
        for start in range(0, step * seconds, step)
    ]


def test_an_epoch_holds_every_window_once_exactly_as_it_was_packed(folder: Path) -> None:
    batches = list(opened(folder))
    assert [len(batch) for batch in batches] == [4] * (TOTAL // 4) + [TOTAL % 4] * bool(TOTAL % 4)
    assert sorted(windows_of(batches)) == sorted(all_windows())
    for batch in batches:
        for row, key in enumerate(batch.keys):
            made = clip(KEYS[key], SECONDS[KEYS[key]], silent=KEYS[key] == SILENT)
            assert batch.captions[row] == f"noise number {KEYS[key]}, “ä”"
            assert bool(batch.present.audio[row]) == (made.audio is not None)
            frames = batch.content.video[row].numpy()
            start = next(i for i in range(0, len(made.frames), 5) if np.array_equal(made.frames[i : i + 5], frames))
            if made.audio is not None:
                sound = made.audio[:, start * RATE // 5 :][:, :RATE]
                np.testing.assert_allclose(batch.content.audio[row], sound, atol=1e-6)


def test_missing_sound_is_marked_and_holds_no_numbers(folder: Path) -> None:
    rows = [(batch, row) for batch in opened(folder) for row, key in enumerate(batch.keys) if KEYS[key] == SILENT]
    assert len(rows) == SECONDS[SILENT]
    for batch, row in rows:
        assert batch.present.video[row] and not batch.present.audio[row]
        assert batch.content.audio is None or bool(batch.content.audio[row].isnan().all())
    alone = next(batch for batch in opened(folder, batch=1) if KEYS[batch.keys[0]] == SILENT)
    assert alone.content.audio is None and not alone.present.audio.any()


def test_order_is_of_seed_and_epoch_alone_and_differs_with_both(folder: Path) -> None:
    loader = opened(folder, seed=3)
    epochs = [windows_of(list(loader)) for _ in range(2)]
    again = opened(folder, seed=3)
    assert [windows_of(list(again)) for _ in range(2)] == epochs
    assert epochs[0] != epochs[1] and sorted(epochs[0]) == sorted(epochs[1])
    assert windows_of(list(opened(folder, seed=4))) not in epochs


def test_order_reads_few_shards_at_a_time_and_is_pinned() -> None:
    shards = np.repeat(np.arange(20), 50)
    order = epoch_order(shards, seed=1, epoch=2, mixed=4)
    assert sorted(order) == list(range(1000))
    parts = [set(shards[order[start : start + 200]]) for start in range(0, 1000, 200)]
    assert [len(part) for part in parts] == [4] * 5 and len(set.union(*parts)) == 20
    assert len(set(shards[order[:20]])) == 4
    assert list(epoch_order(np.zeros(8, int), 0, 0)) == [7, 1, 6, 0, 2, 3, 5, 4]
    assert list(epoch_order(np.zeros(8, int), 3, 5)) == [3, 4, 6, 5, 0, 1, 7, 2]
    places = np.array([np.argsort(epoch_order(np.zeros(101, int), 0, epoch)) for epoch in range(400)])
    assert abs(places.mean(0) - 50).max() < 6  # four standard errors of a uniform place: no window has a fixed one


@pytest.mark.parametrize("batch", [3, 4])
def test_resumed_after_any_batch_it_goes_on_as_if_it_had_not_stopped(whole: Path, latents: str, batch: int) -> None:
    def fresh() -> Loader:
        return Loader.open(whole, latents=latents, batch=batch, seed=5)

    loader = fresh()
    states, batches = [loader.state_dict()], []
    for _ in range(2):
        for one in loader:
            batches.append(one)
            states.append(loader.state_dict())
    assert len(batches) == 2 * len(loader)
    for done, state in enumerate(states):
        resumed = fresh()
        resumed.load_state_dict(json.loads(json.dumps(state)))
        rest = [one for _ in range(3) for one in resumed][: len(batches) - done]
        assert len(rest) == len(batches) - done and all(map(same, rest, batches[done:]))


def test_left_early_it_goes_on_with_the_next_batch(whole: Path, latents: str) -> None:
    keys = [batch.keys for batch in Loader.open(whole, latents=latents, batch=3)]
    loader = Loader.open(whole, latents=latents, batch=3, workers=1)
    first = [next(iter(loader)).keys for _ in range(2)]
    assert [*first, *(batch.keys for batch in loader)] == keys and loader.state_dict()["epoch"] == 1


def test_a_state_of_another_loader_is_refused(folder: Path, whole: Path) -> None:
    state = opened(folder, seed=1).state_dict()
    opened(folder, seed=1).load_state_dict(state)
    overlapping = Loader.open(folder, Cutting(WINDOW, Fraction(2, 5)), batch=4, seed=1)
    others = {
        "seed": opened(folder, seed=2),
        "batch size": opened(folder, 5, seed=1),
        "world": opened(folder, seed=1, world=2),
        "drop_rest": opened(folder, seed=1, drop_rest=True),
    }
    for name, other in [*others.items(), ("windows", opened(whole, seed=1)), ("windows", overlapping)]:
        with pytest.raises(SettingError, match=f"had another {name}:"):
            other.load_state_dict(state)


@pytest.mark.parametrize(("batch", "world"), [(2, 3), (3, 2), (1, 5), (4, 7)])
def test_ranks_share_an_epoch_without_overlap_or_loss(whole: Path, batch: int, world: int) -> None:
    windows = ClipWindows(Packed(whole), CUTTING)
    total = len(windows.clip)
    ranks = [Loader(windows, batch, rank=rank, world=world) for rank in range(world)]
    places = [[list(loader._places(n)) for n in range(len(loader))] for loader in ranks]
    flat = [place for rank in places for part in rank for place in part]
    assert sorted(flat) == list(range(total)) and all(part for rank in places for part in rank)
    assert max(map(len, places)) - min(map(len, places)) <= 1
    even = [Loader(windows, batch, rank=rank, world=world, drop_rest=True) for rank in range(world)]
    assert {len(loader) for loader in even} == {total // (batch * world)}
    one = Loader(windows, batch * world)
    together = [tuple(p for rank in places for p in rank[n]) for n in range(total // (batch * world))]
    assert together == [tuple(one._places(n)) for n in range(len(together))]


def test_ranks_read_what_one_reads(whole: Path) -> None:
    ranks = [windows_of(list(opened(whole, 3, rank=rank, world=2))) for rank in range(2)]
    assert sorted(ranks[0] + ranks[1]) == sorted(windows_of(list(opened(whole, 5))))


def test_batches_do_not_depend_on_the_number_of_workers(folder: Path) -> None:
    alone = list(opened(folder, seed=2))
    for workers in (1, 2):
        loader = opened(folder, seed=2, workers=workers)
        found = []
        for batch in loader:
            found.append(batch)
            assert loader.state_dict()["batch"] == len(found)  # not of what was read ahead
        assert len(found) == len(alone) and all(map(same, alone, found))


def test_numbers_that_make_no_sense(folder: Path) -> None:
    for wrong in ({"batch": 0}, {"rank": 2, "world": 2}, {"workers": -1}):
        with pytest.raises(SettingError):
            opened(folder, **wrong)
    with pytest.raises(SettingError, match="stride above 0"):
        Cutting(WINDOW, Fraction(0))
    with pytest.raises(SettingError, match="clips or latents"):
        Loader.open(folder, batch=1)


def test_windows_overlap_at_a_stride_and_short_clips_are_told(folder: Path) -> None:
    half = ClipWindows(Packed(folder), Cutting(WINDOW, Fraction(2, 5)))
    assert len(half.clip) == sum((seconds * 5 - 5) // 2 + 1 for seconds in SECONDS.values())
    long = Cutting(replace(WINDOW, seconds=Fraction(2)))
    short = sum(seconds < 2 for seconds in SECONDS.values())
    with pytest.raises(SettingError, match=f"{short} of {COUNT} clips"):
        ClipWindows(Packed(folder), long)
    with pytest.warns(
        ShortClipsWarning, match=rf"^{short} of {COUNT} clips, .* are left out: they are shorter than 2 s"
    ):
        left = ClipWindows(Packed(folder), long, leave_short=True)
    assert len(left.clip) == COUNT - short
    with pytest.raises(SettingError, match="shorter"):
        ClipWindows(Packed(folder), Cutting(replace(WINDOW, seconds=Fraction(9))), leave_short=True)


def test_other_rates_and_sizes_are_made_on_the_way(whole: Path) -> None:
    shape = replace(WINDOW, seconds=Fraction(1, 2), fps=Fraction(4), height=7, width=11, sample_rate=16000)
    batch = next(iter(Loader.open(whole, Cutting(shape), batch=3)))
    assert batch.content.map(lambda side: tuple(side.shape)).video == (3, 2, 7, 11, 3)
    assert tuple(batch.content.audio.shape) == (3, 1, 8000)


@pytest.fixture
def served(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        """Serves ranges, as real stores do."""

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            path = Path(self.translate_path(self.path))
            if not path.is_file():
                self.send_error(404)
                return
            data, asked = path.read_bytes(), self.headers.get("Range")
            first, last = (0, len(data) - 1) if asked is None else map(int, asked.removeprefix("bytes=").split("-"))
            self.send_response(200 if asked is None else 206)
            part = data[first : last + 1]
            self.send_header("Content-Length", str(len(part)))
            if asked is not None:
                self.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(data)}")
            self.end_headers()
            self.wfile.write(part)

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_url_gives_the_same_batches_in_helping_processes_too(folder: Path, served: str) -> None:
    here = list(opened(folder))
    there = list(opened(served, workers=1))
    assert len(here) == len(there) and all(map(same, here, there))
    with pytest.raises(MediaError, match="has no index"):
        opened(f"{served}/absent")


def test_a_folder_in_memory_and_what_is_missing_from_it(folder: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.put(str(folder), "/packed", recursive=True)
    try:
        assert all(map(same, list(opened("memory://packed/")), list(opened(folder))))
        memory.rm("/packed/shard-000001.tar")
        with pytest.raises(MediaError, match=r"shard-000001\.tar, clip clip-\d+ cannot be read.*again"):
            list(opened("memory://packed"))
        with pytest.raises(MediaError, match="that can be read"):
            opened("nosuch://packed")
    finally:
        memory.rm("/packed", recursive=True)


def film_of(folder: Path, row: int) -> tuple[str, Member]:
    entry = Packed(folder).entries([row])[0]
    return entry.clip_id, entry.wanted("mp4").member


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_member_names_shard_and_clip_and_stops(samples: list[Sample], tmp_path: Path, workers: int) -> None:
    pack(samples, tmp_path, shard_bytes=2 * max(one.size for one in samples))
    key, member = film_of(tmp_path, 4)
    data = bytearray((tmp_path / member.file).read_bytes())
    data[member.offset + member.size // 2] ^= 1
    (tmp_path / member.file).write_bytes(data)
    with pytest.raises(MediaError, match=f"{member.file}, clip {key} cannot be read .* again") as caught:
        list(opened(tmp_path, workers=workers))
    assert "\n" not in str(caught.value)
    (tmp_path / member.file).write_bytes(data[: member.offset + 10])
    with pytest.raises(MediaError, match=f"{member.file}, clip"):
        list(opened(tmp_path, workers=workers))


def test_a_film_that_is_not_what_its_row_says(samples: list[Sample], tmp_path: Path) -> None:
    first, *others = samples
    pack([Sample(first.clip, b"no film at all"), *others], tmp_path / "a")
    with pytest.raises(MediaError, match=f"clip {first.clip.clip_id} does not decode"):
        list(opened(tmp_path / "a"))
    longer = first.clip.video.model_copy(update={"seconds": first.clip.video.seconds + 1})
    heard = first.clip.audio.model_copy(update={"samples": first.clip.audio.samples + RATE})
    promising = first.clip.model_copy(update={"video": longer, "audio": heard})
    pack([Sample(promising, first.film), *others], tmp_path / "b")
    with pytest.raises(MediaError, match=f"clip {first.clip.clip_id} (is shorter than its index says|does not decode)"):
        list(opened(tmp_path / "b"))


def test_latents_lie_beside_the_clips_and_hold_what_the_codec_makes(folder: Path, codec: Codec) -> None:
    before = {path.name: path.read_bytes() for path in folder.glob("*.*")}
    made = encode(ClipWindows(Packed(folder), CUTTING), codec, batch=3)
    assert {path.name: path.read_bytes() for path in folder.glob("*.*")} == before
    assert sorted(p.name for p in made.glob("*.tar")) == sorted(p.name for p in folder.glob("*.tar"))
    films = opened(folder, seed=6)
    packed = Loader.open(folder, latents=made.name, batch=4, seed=6, workers=1)
    for clips, encoded in zip(films, packed, strict=True):
        assert clips.keys == encoded.keys and torch.equal(clips.present.audio, encoded.present.audio)
        expected = clips.content.video.permute(0, 4, 1, 2, 3).float() / 127.5 - 1
        assert torch.equal(encoded.content.video, expected)
        if clips.content.audio is not None:
            rows = clips.content.audio.reshape(len(clips), 1, -1, 100)
            torch.testing.assert_close(encoded.content.audio, rows, rtol=0, atol=0, equal_nan=True)


def test_shards_encoded_in_any_order_make_the_same_latents_and_half_of_them_none(whole: Path, codec: Codec) -> None:
    windows = ClipWindows(Packed(whole), CUTTING)
    kind = kind_of(codec, windows.packed, CUTTING, Number.BFLOAT16)
    folder = begin(windows.packed, kind)
    shards = sorted(set(windows.packed.table["shard"].to_pylist()))
    for shard in reversed(shards[1:]):
        encode_shard(windows, shard, codec, kind, batch=2)
    with pytest.raises(MediaError, match="missing"):
        finish(windows, kind)
    with pytest.raises(MediaError, match="no index"):
        LatentWindows(windows.packed, kind.folder)
    done = {path.name: path.read_bytes() for path in folder.glob("*.tar")}
    assert encode(windows, codec, Number.BFLOAT16) == folder and (folder / INDEX).exists()
    assert {name: (folder / name).read_bytes() for name in done} == done
    exact = EncodedClips(windows, codec).take(range(5)).latents
    rounded = PackedLatents(LatentWindows(windows.packed, kind.folder)).take(range(5)).latents
    assert torch.equal(rounded.video, exact.video.bfloat16().float())
    assert torch.equal(rounded.audio, exact.audio.bfloat16().float())


def test_training_takes_packed_latents_or_clips_alike(whole: Path, folder: Path, tmp_path: Path, codec: Codec) -> None:
    here = shutil.copytree(whole, tmp_path / "packed", ignore=shutil.ignore_patterns("latents-*"))
    on_the_fly = source(here, codec, WINDOW)
    encode(ClipWindows(Packed(here), CUTTING), codec)
    cached = source(here, codec, WINDOW)
    assert isinstance(on_the_fly, EncodedClips) and isinstance(cached, PackedLatents)
    order = [7, 0, 3, 3]
    made, kept = on_the_fly.take(order), cached.take(order)
    assert len(cached) == len(on_the_fly) and made.captions == kept.captions
    assert torch.equal(made.latents.video, kept.latents.video) and torch.equal(made.latents.audio, kept.latents.audio)
    other = Codec(Pictures(), Sound(SoundConfig(sample_rate=RATE, block=50)))
    assert isinstance(source(here, other, WINDOW), EncodedClips)
    with pytest.raises(SettingError, match="lack picture or sound"):
        source(folder, codec, WINDOW)


def test_latents_of_clips_that_were_packed_anew_are_not_taken(
    samples: list[Sample], tmp_path: Path, codec: Codec
) -> None:
    pack(samples, tmp_path)
    name = encode(ClipWindows(Packed(tmp_path), CUTTING), codec).name
    pack(samples[:-1], tmp_path, force=True)
    with pytest.raises(MediaError, match="of other clips"):
        LatentWindows(Packed(tmp_path), name)


def test_a_split_has_its_own_windows_in_clips_and_latents(whole: Path, latents: str) -> None:
    clips, encoded = opened(whole, split="train"), Loader.open(whole, latents=latents, split="train", batch=4)
    found = [(a.keys, b.keys) for a, b in zip(clips, encoded, strict=True)]
    assert all(a == b for a, b in found)
    assert {KEYS[key] % 4 != 0 for keys, _ in found for key in keys} == {True}


@pytest.mark.parametrize(
    ("name", "fps"),
    [("mdn_rabbit320_8s.mp4", None), ("mdn_rabbit320_8s_vp8.webm", Fraction(8)), ("gopro_maxhero_11s.mp4", None)],
)
def test_clips_of_real_films_give_what_the_film_shows_there(
    real: Callable[[str], Path], tmp_path: Path, name: str, fps: Fraction | None
) -> None:
    path = real(name)
    row = scan(Scan(), Film(path.parent, path.name))[0]
    rows = {
        found.clip_id: found
        for found in split(Split(seconds=Fraction(5, 2), skip=Fraction(1)), Scanned(path, row))
        if found.reason is None
    }
    pieces = [Piece(found.span, tmp_path / f"{key}.mp4") for key, found in rows.items()]
    cuts = cut_all(path, pieces, Form(fps=fps, size=(64, 64)))
    samples = [Sample(described(rows[cut.piece.path.stem], row, cut, fps), cut.piece.path) for cut in cuts]
    pack(samples, tmp_path / "packed", sources=[row])
    rate = row.audio.sample_rate
    windows = ClipWindows(Packed(tmp_path / "packed"), Cutting(ClipShape(Fraction(1), Fraction(8), 64, 64, rate)))
    assert len(samples) >= 2 and len(windows.clip) == 2 * len(samples)
    heard = read(path, video=False, channels=1).audio
    for window, found in enumerate(windows.clips(range(len(windows.clip)))):
        span, number = samples[windows.clip[window]].clip.span, int(windows.number[window])
        start = span.first_pts * row.video.time_base - row.origin + number
        shown = read(path, start=start, seconds=1, fps=8, audio=False, size=(64, 64)).frames
        assert np.abs(found.frames.astype(float) - shown).mean() < 6  # coded twice
        first = span.first_sample + number * rate
        np.testing.assert_allclose(found.audio, heard[:, first : first + rate], atol=1e-4)  # coded in 16 bits


def test_helping_processes_need_no_pytorch() -> None:
    helped = "phonofilm.data.packed.latent_shards, phonofilm.data.packed.windows"
    check = f"import sys, {helped}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
