"""Published folders, read by others: the hub's own card reader, WebDataset, and the loader of packed folders."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest
import webdataset
from huggingface_hub import DatasetCard

from phonofilm.data.ingest.card import LICENCES, Card, Origin
from phonofilm.data.ingest.ledger import Ledger
from phonofilm.data.ingest.publish import is_published, publish
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import SourceRow
from phonofilm.data.ingest.stats import stats
from phonofilm.data.packed.folder import Packed
from phonofilm.data.packed.rows import SOURCES
from phonofilm.data.packed.shards import Layout, Sample, pack
from phonofilm.data.tables import lines
from phonofilm.errors import MediaError, SettingError
from tests.data.ingest.films import clip, source
from tests.data.packed.packs import COUNT, in_order, sample

CARD = Card(
    title="Noise | “ä”",
    licence="CC-BY-4.0",
    licence_url="https://creativecommons.org/licenses/by/4.0/",
    description="Noise in picture and sound.",
    origins=(Origin(name="Makers | friends", licence="CC-BY-4.0", url="https://example.org"),),
    languages=("en",),
    tags=("noise", "video"),
)


def film(number: int, **changes: object) -> SourceRow:
    """The film that ``tests.data.packed.packs`` calls ``source<number>``: its id is the beginning of a digest."""
    return source(f"{number}.mp4", **changes)


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    """Noise of four films, each of one split."""
    made = [sample(number) for number in range(COUNT)]
    rows = []
    for number, one in enumerate(made):
        told = {"source_id": film(number // 3).source_id, "split": "validation" if number // 3 == 1 else "train"}
        rows.append(Sample(one.clip.model_copy(update=told), one.film))
    return list(in_order(rows))


@pytest.fixture(scope="module")
def packed(samples: list[Sample], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packed")
    bad = film(9, reason=Reason.UNREADABLE, message="/films/of/mine/9.mp4 is no film")
    pack(samples, folder, sources=[*(film(number) for number in range(5)), bad], shard_bytes=5 * samples[0].size)
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_hub_reads_the_card(packed: Path, tmp_path: Path) -> None:
    path = publish(packed, tmp_path / "hub", CARD)
    card = DatasetCard.load(path)
    front = card.data.to_dict()
    assert front["license"] == "cc-by-4.0" and front["pretty_name"] == CARD.title and front["language"] == ["en"]
    assert front["size_categories"] == ["n<1K"]
    assert front["tags"] == ["video", "audio", "webdataset", "noise"], "each once"
    assert front["configs"] == [
        {
            "config_name": "default",
            "data_files": [
                {"split": "train", "path": "data/train/*.tar"},
                {"split": "validation", "path": "data/validation/*.tar"},
            ],
        }
    ]
    for said in (
        "| train | 3 | 8 | 0.002 |",
        "| validation | 1 | 3 | 0.001 |",
        "no film has clips in two splits",
        "[CC-BY-4.0](https://creativecommons.org/licenses/by/4.0/)",
        "| Makers \\| friends | CC-BY-4.0 | https://example.org |",
        "| width x height | 22x14 |",
        "| sample rate | 8000 Hz |",
        "| clips with a caption | 11, 11 different ones |",
        "4 films (picture: h264; sound: aac)",
    ):
        assert said in card.text, said


def test_others_read_the_clips(packed: Path, tmp_path: Path, samples: list[Sample]) -> None:
    publish(packed, tmp_path, CARD, shard_bytes=2 * samples[0].size)
    assert len(list((tmp_path / "data" / "train").glob("*.tar"))) > 1
    for split, wanted in (("train", 8), ("validation", 3)):
        shards = sorted(str(path) for path in (tmp_path / "data" / split).glob("*.tar"))
        found = {one["__key__"]: one for one in webdataset.WebDataset(shards, shardshuffle=False, empty_check=False)}
        assert len(found) == wanted
        for one in samples:
            if one.clip.split == split:
                assert found[one.clip.clip_id]["mp4"] == one.film
                told = json.loads(found[one.clip.clip_id]["json"])
                assert told["caption"] == one.clip.caption and told["span"]["frames"] == one.clip.span.frames


def test_the_folder_is_a_packed_folder_too(packed: Path, tmp_path: Path, samples: list[Sample]) -> None:
    publish(packed, tmp_path, CARD)
    by_name = {one.clip.clip_id: one for one in samples}
    for split in ("train", "validation"):
        index = Packed(tmp_path, split)
        entries = index.entries()
        films = list(index.files.read([entry.wanted("mp4") for entry in entries]))
        assert [by_name[entry.clip_id].film for entry in entries] == films
    assert len(Packed(tmp_path)) == COUNT


def test_sources_without_clips_and_messages_with_places_stay_at_home(packed: Path, tmp_path: Path) -> None:
    publish(packed, tmp_path, CARD)
    paths = [json.loads(line)["path"] for line in lines(tmp_path / SOURCES)]
    assert paths == ["0.mp4", "1.mp4", "2.mp4", "3.mp4"]
    assert not any(b"/films/of/mine" in data for data in files(tmp_path).values())


def test_the_same_clips_give_the_same_bytes_from_either_layout(
    packed: Path, samples: list[Sample], tmp_path: Path
) -> None:
    pack(samples, tmp_path / "files", sources=[film(number) for number in range(4)], layout=Layout.FILES)
    publish(packed, tmp_path / "one", CARD)
    publish(tmp_path / "files", tmp_path / "other", CARD)
    assert files(tmp_path / "one") == files(tmp_path / "other")


def test_what_was_published_is_replaced_when_told_so_only(packed: Path, tmp_path: Path, samples: list[Sample]) -> None:
    publish(packed, tmp_path, CARD, shard_bytes=samples[0].size)
    many = files(tmp_path)
    with pytest.raises(MediaError, match="exists already"):
        publish(packed, tmp_path, CARD)
    assert files(tmp_path) == many
    publish(packed, tmp_path, CARD, force=True)
    fresh = tmp_path.parent / f"{tmp_path.name}-fresh"
    publish(packed, fresh, CARD)
    assert files(tmp_path) == files(fresh), "no shard of the earlier one is left"


def test_force_replaces_what_was_published_and_nothing_else(
    packed: Path, tmp_path: Path, samples: list[Sample]
) -> None:
    pack(samples[:2], tmp_path / "other")
    for name in ("films/a.mp4", "work/plan.json", "code/README.md", "code/data/train/mine.tar"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mine")
    before = files(tmp_path)
    for name in ("other", "films", "work", "code"):
        with pytest.raises(MediaError, match=f"{name} holds other things, .* the first: name a new folder"):
            publish(packed, tmp_path / name, CARD, force=True)
    assert files(tmp_path) == before
    hub = tmp_path / "hub"
    publish(packed, hub, CARD)
    own = {".gitattributes": b"*.tar lfs", "data/notes.txt": b"mine", "LICENSE": b"mine"}
    for name, data in own.items():
        (hub / name).write_bytes(data)
    publish(tmp_path / "other", hub, CARD, force=True)
    publish(tmp_path / "other", tmp_path / "fresh", CARD)
    assert files(hub) == files(tmp_path / "fresh") | own, "no split of the earlier one is left"


def test_one_that_was_stopped_does_not_look_whole_and_is_made_again(
    packed: Path, tmp_path: Path, samples: list[Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = tmp_path / "hub"
    pack(samples[:2], tmp_path / "other")
    publish(tmp_path / "other", hub, CARD)
    before = files(hub)
    (packed / "shard-000000.tar").rename(tmp_path / "kept.tar")
    with pytest.raises(MediaError, match="cannot be read"):
        publish(packed, hub, CARD, force=True)
    (tmp_path / "kept.tar").rename(packed / "shard-000000.tar")
    assert files(hub) == before, "the earlier one stays until all is ready"
    stop = Stopping(2)
    with monkeypatch.context() as patch:
        patch.setattr("phonofilm.data.ingest.publish.rename", stop)
        with pytest.raises(KeyboardInterrupt):
            publish(packed, hub, CARD, force=True)
    assert not (hub / "README.md").exists() and is_published(hub)
    publish(packed, hub, CARD)
    publish(packed, tmp_path / "fresh", CARD)
    assert files(hub) == files(tmp_path / "fresh")


@dataclass
class Stopping:
    """Renames files, so many; then somebody stops it."""

    left: int

    def __call__(self, path: Path, name: Path) -> None:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        path.replace(name)


def test_what_was_left_out_is_said(packed: Path, tmp_path: Path) -> None:
    row = source("a.mp4")
    ledger = Ledger(
        (row, film(9, reason=Reason.NO_AUDIO, message="")), (clip(row, 0), clip(row, 1, Reason.TOO_SHORT, ""))
    )
    text = publish(packed, tmp_path, CARD, stats(ledger)).read_text(encoding="utf-8")
    assert "| film | scan | no audio | 1 |" in text and "| clip | split | too short | 1 |" in text
    text = publish(packed, tmp_path, CARD, stats(Ledger((row,))), force=True).read_text(encoding="utf-8")
    assert "Nothing was left out." in text


@pytest.mark.parametrize("licence", ["", "  ", "unknown", "None", "TODO", "other"])
def test_nothing_is_published_without_a_licence(packed: Path, tmp_path: Path, licence: str) -> None:
    target = tmp_path / "hub"
    with pytest.raises(SettingError, match="no licence is stated for the data set"):
        publish(packed, target, CARD.model_copy(update={"licence": licence}))
    origins = (Origin(name="Somebody", licence=licence),)
    with pytest.raises(SettingError, match="the films of Somebody"):
        publish(packed, target, CARD.model_copy(update={"origins": origins}))
    assert not target.exists()


def test_a_licence_that_the_hub_does_not_know_needs_its_address() -> None:
    own = Card(title="x", licence="My Research Licence 1.0")
    with pytest.raises(SettingError, match="give its address"):
        own.front_matter()
    assert own.model_copy(update={"licence_url": "https://example.org/l"}).front_matter() == {
        "license": "other",
        "license_name": "my-research-licence-1.0",
        "license_link": "https://example.org/l",
    }
    assert {Card(title="x", licence=name.upper()).front_matter()["license"] for name in LICENCES} == LICENCES


def test_clips_of_no_split_are_for_training_and_a_leak_is_not_denied(tmp_path: Path) -> None:
    one, other = sample(0), sample(1, silent=True)
    pack([Sample(one.clip.model_copy(update={"split": ""}), one.film), sample(8)], tmp_path / "packed")
    text = publish(tmp_path / "packed", tmp_path / "a", CARD).read_text(encoding="utf-8")
    assert "| train | 1 | 1 |" in text and "| validation | 1 | 1 |" in text
    pack([one, other], tmp_path / "leaking")
    text = publish(tmp_path / "leaking", tmp_path / "b", CARD).read_text(encoding="utf-8")
    assert "no film has clips in two splits" not in text and "| clips with sound | 1 |" in text
    assert other.clip.video is not None and other.clip.video.seconds == Fraction(1)


def test_bad_folders_are_said_so(packed: Path, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="pack it again"):
        publish(tmp_path / "nothing", tmp_path / "hub", CARD)
    with pytest.raises(MediaError, match="another one"):
        publish(packed, packed, CARD)
    pack([], tmp_path / "empty")
    with pytest.raises(MediaError, match="nothing to publish"):
        publish(tmp_path / "empty", tmp_path / "hub", CARD)


def test_damaged_bytes_are_not_published(samples: list[Sample], tmp_path: Path) -> None:
    pack(samples[:2], tmp_path / "packed")
    shard = tmp_path / "packed" / "shard-000000.tar"
    data = bytearray(shard.read_bytes())
    data[1000] ^= 1
    shard.write_bytes(data)
    with pytest.raises(MediaError, match="not those that were packed"):
        publish(tmp_path / "packed", tmp_path / "hub", CARD)
    assert not (tmp_path / "hub" / "README.md").exists(), "a folder without a card is not finished"
