from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from phonofilm import models
from phonofilm.errors import SettingError, WeightsError
from tests.models.small_model import small_model
from tests.models.svg.small import TEXT


@pytest.fixture(scope="module")
def model() -> models.Model:
    return small_model()


@pytest.fixture
def folder(tmp_path: Path, model: models.Model) -> Path:
    return models.save(model, tmp_path / "saved")


def edit(path: Path, change) -> None:
    row = json.loads(path.read_text())
    change(row)
    path.write_text(json.dumps(row))


def edit_weights(path: Path, change) -> None:
    """Change weights in a folder of an earlier version, which does not hold their hashes."""
    weights = load_file(path)
    change(weights)
    save_file(weights, path)
    model = next(above for above in path.parents if (above / "model.json").exists())
    edit(model / "model.json", lambda row: row.pop("sha256", None))


def test_saving_and_loading_changes_no_bit(folder, model):
    before = torch.get_rng_state()
    loaded = models.load(folder)
    assert torch.equal(before, torch.get_rng_state())
    assert models.fingerprint(loaded) == models.fingerprint(model)
    own, found = model.network.state_dict(), loaded.network.state_dict()
    assert all(torch.equal(own[name], found[name]) for name in own)
    for field in ("family", "size", "config", "schedule", "parameterization", "shape", "defaults"):
        assert getattr(loaded, field) == getattr(model, field)
    assert loaded.text.unknown_words("a bell sings") == model.text.unknown_words("a bell sings")


def test_half_precision_is_a_storage_format_only(tmp_path, model):
    models.save(model, tmp_path / "half", half=True)
    stored = load_file(tmp_path / "half" / "network.safetensors")
    assert {value.dtype for value in stored.values()} == {torch.float16}
    loaded = models.load(tmp_path / "half").network.state_dict()
    for name, value in model.network.state_dict().items():
        assert loaded[name].dtype == torch.float32
        assert torch.equal(loaded[name], value.half().float())


def test_the_fingerprint_sees_weights_and_settings(folder, model):
    original = models.fingerprint(model)
    edit_weights(folder / "text" / "text.safetensors", lambda w: next(iter(w.values())).view(-1)[:1].add_(1))
    assert models.fingerprint(models.load(folder)) != original
    models.save(model, folder)
    edit(folder / "model.json", lambda row: row["defaults"].update(gamma=2.0))
    assert models.fingerprint(models.load(folder)) != original


def test_a_model_is_replaced_but_nothing_else_is(folder, model, tmp_path):
    (folder / "note.txt").write_text("old")
    models.save(model, folder)
    assert not (folder / "note.txt").exists()
    other = tmp_path / "photos"
    other.mkdir()
    with pytest.raises(WeightsError, match="is not a model"):
        models.save(model, other)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "saved"]


def test_what_cannot_be_stored_leaves_nothing_behind(tmp_path):
    broken = small_model()
    with torch.no_grad():
        broken.network.video_unet.conv_in.weight[0, 0, 0, 0] = 1e6
    with pytest.raises(WeightsError, match=r"conv_in\.weight.*float16"):
        models.save(broken, tmp_path / "broken", half=True)
    assert not any(tmp_path.iterdir())


def test_names_and_places_that_do_not_exist(tmp_path):
    with pytest.raises(SettingError, match="did you mean 'svg-small'"):
        models.load("svg-smal")
    with pytest.raises(WeightsError, match="no weights of svg-paper ship"):
        models.load("svg-paper")
    with pytest.raises(WeightsError, match="there is no folder"):
        models.load(tmp_path / "nowhere")
    with pytest.raises(WeightsError, match="is not a model"):
        models.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda row: row.update(version=99), "format version 99"),
        (lambda row: row.update(family="svgx"), "did you mean 'svg'"),
        (lambda row: row.update(colour="red"), "damaged at colour"),
        (lambda row: row.pop("shape"), "damaged at shape"),
        (lambda row: row["config"]["coupling"].update(knid=1), "coupling.knid"),
        (lambda row: row["schedule"]["audio"].update(kind="cosin"), "noise schedule 'cosin'"),
        (lambda row: row["parameterization"].update(video="velocty"), "did you mean 'velocity'"),
        (lambda row: row["config"]["coupling"].update(kind="none"), "has the unknown 'coupling"),
        (lambda row: row["config"]["coupling"].update(width=32), "has another size of 'coupling"),
        (lambda row: row["config"]["coupling"].update(kind="cross-attention"), "lacks 'coupling"),
    ],
)
def test_descriptions_that_do_not_fit(folder, change, complaint):
    edit(folder / "model.json", change)
    with pytest.raises(WeightsError, match=complaint):
        models.load(folder)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda row: row["config"]["video_unet"].pop("block_out_channels"), "block_out_channels is None"),
        (lambda row: row["config"]["video_unet"].update(block_out_channels=5), "block_out_channels is 5"),
        (lambda row: row["config"]["audio_unet"].update(block_out_channels=[8, "8"]), "block_out_channels is"),
        (lambda row: row["config"]["audio_unet"].pop("projection_class_embeddings_input_dim"), "projection_class"),
        (lambda row: row["config"]["audio_unet"].update(in_channels="3"), "in_channels is '3'"),
        (lambda row: row["config"]["video_unet"].update(colour="red"), "makes no svg network .*colour"),
        (lambda row: row["config"]["video_unet"].update(norm_num_groups=7), "makes no svg network"),
        (lambda row: row["config"]["video_unet"].update(norm_num_groups=0), "makes no svg network"),
        (lambda row: row["config"]["audio_unet"].update(down_block_types=["Nothing"] * 3), "makes no svg network"),
        (lambda row: row["config"]["audio_unet"].update(down_block_types=[]), "makes no svg network"),
        (lambda row: row["config"]["coupling"].update(multipliers=[0, -1]), "makes no svg network"),
        (lambda row: row["config"]["coupling"]["head"].update(video=7), "makes no svg network .*heads of 7"),
        (lambda row: row["shape"].update(fps="1/0"), "damaged"),
        (lambda row: row["schedule"]["video"].update(steps="many"), "model.json"),
        (lambda row: row["schedule"]["video"].update(kind=[1]), "model.json"),
    ],
)
def test_descriptions_that_make_no_network(folder, change, complaint):
    edit(folder / "model.json", change)
    with pytest.raises(WeightsError, match=complaint):
        models.load(folder)


@pytest.mark.parametrize("text", ["{}", "[]", '{"config": {"vocabulary": 64}, "known_words": [], "tokenizer": {}}'])
def test_a_damaged_text_description(folder, text):
    (folder / "text" / "text.json").write_text(text)
    with pytest.raises(WeightsError, match=r"text\.json"):
        models.load(folder)


def test_a_text_description_of_one_width_for_both_still_loads(folder, model):
    edit(folder / "text" / "text.json", lambda row: row["config"].update(width=TEXT))
    assert models.fingerprint(models.load(folder)) == models.fingerprint(model)


def test_a_description_that_is_no_json(folder):
    (folder / "model.json").write_text("{")
    with pytest.raises(WeightsError, match="missing or damaged"):
        models.load(folder)


@pytest.mark.parametrize("name", ["network.safetensors", "text/text.safetensors"])
def test_weights_that_do_not_fit(folder, name):
    path = folder / name
    original = path.read_bytes()
    victim = next(iter(load_file(path)))
    for change, complaint in (
        (lambda w: w.pop(victim), f"lacks '{victim}'"),
        (lambda w: w.update(stranger=torch.zeros(3)), "has the unknown 'stranger'"),
        (lambda w: w.update({victim: torch.zeros(1, 2, 3)}), f"has another size of '{victim}'"),
    ):
        path.write_bytes(original)
        edit_weights(path, change)
        with pytest.raises(WeightsError, match=complaint):
            models.load(folder)


@pytest.mark.parametrize("name", ["network.safetensors", "text/text.safetensors"])
def test_two_flipped_bytes(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[-2:] = bytes(byte ^ 0x15 for byte in content[-2:])
    (folder / name).write_bytes(content)
    with pytest.raises(WeightsError, match=f"{name} is damaged .*again"):
        models.load(folder)


def test_an_earlier_folder_without_hashes_loads(folder, model):
    edit(folder / "model.json", lambda row: row.pop("sha256"))
    for part in ("video", "audio"):
        edit(folder / "codec" / part / "part.json", lambda row: row.pop("sha256"))
    assert models.fingerprint(models.load(folder)) == models.fingerprint(model)


def test_others_may_read_what_is_saved_as_the_umask_says(tmp_path, model):
    before = os.umask(0o027)
    try:
        folder = models.save(model, tmp_path / "shared")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()}
    assert set(modes.values()) == {0o640}, modes


@pytest.mark.parametrize("name", ["network.safetensors", "text/text.safetensors", "text/text.json"])
@pytest.mark.parametrize("keep", [0, 100])
def test_cut_or_missing_files(folder, name, keep):
    path = folder / name
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(WeightsError, match=path.name):
        models.load(folder)
    path.unlink()
    with pytest.raises(WeightsError, match=path.name):
        models.load(folder)
