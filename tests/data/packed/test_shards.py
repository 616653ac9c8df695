"""Shards: the same bytes, members where the index says, readable by others, never half there."""

import json
import signal
import subprocess
import sys
import tarfile
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phonofilm.data import tables
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import SourceRow, VideoTrack
from phonofilm.data.packed.folder import Packed
from phonofilm.data.packed.rows import INDEX, SOURCES, PackedClip, Place
from phonofilm.data.packed.shards import Layout, Sample, pack, shard_order, write_shards
from phonofilm.errors import MediaError, SettingError
from phonofilm.media.digest import sha256
from tests.data.packed.packs import COUNT, in_order, sample

SOURCE = SourceRow(
    path="films/a ä.mp4",
    size=7,
    origin=Fraction(-1, 30),
    video=VideoTrack(
        codec="h264",
        height=3,
        width=5,
        fps=Fraction(30000, 1001),
        time_base=Fraction(1, 90000),
        quarter_turns=1,
        pixel_aspect=Fraction(4, 3),
    ),
    reason=Reason.NO_AUDIO,
)


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return list(in_order([sample(number, silent=number == 5) for number in range(COUNT)]))


def three_a_shard(samples: list[Sample]) -> int:
    return 3 * max(one.size for one in samples) + 100


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("layout", list(Layout))
def test_the_same_clips_give_the_same_bytes_and_replace_what_was_there(
    samples: list[Sample], tmp_path: Path, layout: Layout
) -> None:
    size = three_a_shard(samples)
    stored = tmp_path / "films"
    stored.mkdir()
    for one in samples:
        (stored / one.clip.clip_id).write_bytes(one.film)
    paths = (Sample(one.clip, stored / one.clip.clip_id) for one in samples)
    assert pack(samples, tmp_path / "a", sources=[SOURCE], layout=layout, shard_bytes=size) == COUNT
    (tmp_path / "b").mkdir()
    other = list(Layout)[layout is Layout.TAR]
    pack(reversed(samples), tmp_path / "b", layout=other, shard_bytes=size // 3)
    with pytest.raises(MediaError, match="exists already"):
        pack(samples, tmp_path / "b")
    pack(paths, tmp_path / "b", sources=[SOURCE], layout=layout, shard_bytes=size, force=True)
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert len(content(tmp_path / "a")) == 2 + (4 if layout is Layout.TAR else 2 * COUNT)


@pytest.mark.parametrize("layout", list(Layout))
def test_members_lie_where_the_index_says(samples: list[Sample], tmp_path: Path, layout: Layout) -> None:
    pack(samples, tmp_path, layout=layout, shard_bytes=three_a_shard(samples))
    table = pq.read_table(tmp_path / INDEX)
    clips, places = tables.rows_of(table, PackedClip), tables.rows_of(table, Place)
    assert clips == [one.clip for one in samples]
    assert [place.shard for place in places] == [i // 3 for i in range(COUNT)]
    for one, place in zip(samples, places, strict=True):
        for suffix, data in one.members():
            member = place.member(suffix)
            found = (tmp_path / member.file).read_bytes()[member.offset :][: member.size]
            assert found == data and member.sha256 == sha256(data)
    assert PackedClip.model_validate_json(dict(samples[4].members())["json"]) == samples[4].clip


def test_webdataset_and_tarfile_read_the_shards(samples: list[Sample], tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset")
    pack(samples, tmp_path, shard_bytes=three_a_shard(samples))
    shards = sorted(tmp_path.glob("*.tar"))
    found = list(webdataset.WebDataset([str(shard) for shard in shards], shardshuffle=False))
    assert [one["__key__"] for one in found] == [one.clip.clip_id for one in samples]
    assert [one["mp4"] for one in found] == [one.film for one in samples]
    assert json.loads(found[0]["json"])["caption"] == samples[0].clip.caption
    for shard in shards:
        with tarfile.open(shard) as tar:
            assert {(m.mtime, m.uid, m.gid, m.uname, m.mode) for m in tar} == {(0, 0, 0, "", 0o644)}


def test_fractions_nested_records_and_nothing_come_back(tmp_path: Path) -> None:
    class Scored(PackedClip):
        scores: dict[str, float] | None = None
        shown: list[Fraction] | None = None

    rows = [
        Scored(**dict(sample(3).clip), scores={"b": 0.1, "a": -2.0}, shown=[Fraction(1001, 30000), Fraction(0)]),
        Scored(**dict(sample(5, silent=True).clip)),
    ]
    tables.write_table(tmp_path / "t.parquet", tables.schema(Scored), map(tables.record, rows))
    assert tables.rows_of(pq.read_table(tmp_path / "t.parquet"), Scored) == rows
    tables.write_table(tmp_path / "s.parquet", tables.schema(SourceRow), [tables.record(SOURCE)])
    assert tables.rows_of(pq.read_table(tmp_path / "s.parquet"), SourceRow) == [SOURCE]
    tables.export_lines(tmp_path / "t.parquet", tmp_path / "t.jsonl")
    first, second = (json.loads(line) for line in (tmp_path / "t.jsonl").read_text(encoding="utf-8").splitlines())
    assert first["video"]["fps"] == {"num": 5, "den": 1} and second["audio"] is None
    for odd in (complex, int | str):
        with pytest.raises(TypeError, match="has no column"):
            tables.schema(type("Odd", (SourceRow,), {"__annotations__": {"odd": odd}}))


def test_an_empty_index_has_its_columns(tmp_path: Path) -> None:
    assert pack([], tmp_path) == 0
    assert {"clip_id", "span", "shard", "members"} <= set(pq.read_table(tmp_path / INDEX).column_names)
    assert pq.read_table(tmp_path / SOURCES).schema.field("origin").type == pa.struct({"num": "int64", "den": "int64"})


def test_a_packing_that_fails_leaves_whole_shards_and_no_index(samples: list[Sample], tmp_path: Path) -> None:
    absent = Sample(sample(99).clip, tmp_path / "absent.mp4")
    with pytest.raises(MediaError, match=r"absent\.mp4 cannot be read"):
        pack([*samples[:7], absent], tmp_path / "out", shard_bytes=three_a_shard(samples))
    left = content(tmp_path / "out")
    assert set(left) == {SOURCES, "shard-000000.tar", "shard-000001.tar"}
    pack(samples, tmp_path / "out", shard_bytes=three_a_shard(samples))
    again = content(tmp_path / "out")
    assert again["shard-000001.tar"] == left["shard-000001.tar"] and INDEX in again


def test_shards_are_written_as_they_fill(samples: list[Sample], tmp_path: Path) -> None:
    taken = []
    placed = write_shards((taken.append(one) or one for one in samples), tmp_path, shard_bytes=three_a_shard(samples))
    assert len(list(islice(placed, 3))) == 3 and len(taken) == 4
    assert len(list(tmp_path.glob("*.tar"))) == 1


KILLED = """
import os, signal, sys
from pathlib import Path
from phonofilm.data.packed.shards import Layout, Sample, pack
from tests.data.packed.packs import clip, described

folder, layout, moment = Path(sys.argv[1]), Layout(sys.argv[2]), int(sys.argv[3])

def films():
    for number in range(11):
        made = clip(number)
        yield Sample(described(number, made), made.frames.tobytes())

rename = Path.replace

def dying(path, target):  # every file appears by being renamed
    global moment
    moment -= 1
    if moment < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(path, target)

Path.replace = dying
pack(films(), folder, layout=layout, shard_bytes=3 * clip(0).frames.nbytes, force=True)
"""


@pytest.mark.parametrize("layout", list(Layout))
def test_killed_and_begun_again_it_ends_with_the_same_bytes(tmp_path: Path, layout: Layout) -> None:
    def run(folder: Path, moment: int) -> int:
        command = [sys.executable, "-c", KILLED, str(folder), layout.value, str(moment)]
        return subprocess.run(command, cwd=Path(__file__).parents[3], check=False).returncode

    for moment in (0, 3, 5):  # of six files, or of twenty-four
        assert run(tmp_path / "killed", moment) == -signal.SIGKILL
        assert not (tmp_path / "killed" / INDEX).exists()
    assert any(path.name.endswith(".part") for path in (tmp_path / "killed").rglob(".*"))
    assert run(tmp_path / "killed", 99) == run(tmp_path / "whole", 99) == 0
    assert content(tmp_path / "killed") == content(tmp_path / "whole")


def test_an_index_is_announced_before_it_appears(samples: list[Sample], tmp_path: Path) -> None:
    told: list[tuple[str, bool]] = []
    pack(samples, tmp_path, appears=lambda digest: told.append((digest, (tmp_path / INDEX).exists())))
    assert told == [(sha256((tmp_path / INDEX).read_bytes()), False)]

    def full(digest: str) -> None:
        raise MediaError("no room")

    with pytest.raises(MediaError, match="no room"):
        pack(samples, tmp_path, force=True, appears=full)
    assert not list(tmp_path.glob("*index*")) and not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("name", ["", "a.b", "a/b", "ä", "../a", "x" * 120])
def test_names_that_would_not_come_back_are_refused(tmp_path: Path, name: str) -> None:
    one = sample(0)
    with pytest.raises(SettingError):
        pack([Sample(one.clip.model_copy(update={"clip_id": name}), one.film)], tmp_path / "out")


def test_a_name_is_taken_once(samples: list[Sample], tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="comes twice"):
        pack([samples[0], samples[1], samples[0]], tmp_path)


def test_order_mixes_neighbours() -> None:
    names = [f"{i:04d}" for i in range(1000)]
    order = sorted(names, key=shard_order)
    places = [int(name) for name in order]
    steps = [abs(a - b) for a, b in pairwise(places)]
    assert 300 < sum(steps) / len(steps) < 370  # of a random order: a third of the length


def test_index_is_read_by_split_and_says_what_it_lacks(samples: list[Sample], tmp_path: Path) -> None:
    pack(samples, tmp_path)
    every, train = Packed(tmp_path), Packed(str(tmp_path), "train")
    assert len(every) == COUNT and {entry.split for entry in train.entries()} == {"train"}
    assert train.digest == every.digest and every.lacking() == ["clip-005"]
    with pytest.raises(MediaError, match="choose one of train, validation"):
        Packed(tmp_path, "test")
    with pytest.raises(MediaError, match="pack it again"):
        Packed(tmp_path / "absent")
    (tmp_path / INDEX).write_bytes(b"PAR1 but no more")
    with pytest.raises(MediaError, match="damaged"):
        Packed(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted as Linux shows them")
def test_an_index_is_read_without_threads_that_might_outlive_the_interpreter(tmp_path: Path) -> None:
    pack(map(sample, range(3)), tmp_path)
    program = (
        "import os, sys; import pyarrow.parquet; from phonofilm.data.packed.folder import Packed\n"
        "count = lambda: len(os.listdir('/proc/self/task'))\n"
        "before = count(); packed = Packed(sys.argv[1]); print(len(packed), count() - before)"
    )
    made = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True)
    assert made.stdout.split() == ["3", "0"]
