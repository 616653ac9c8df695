"""Public pipeline folders, made here with random weights in the published layout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from phonofilm.errors import LicenceWarning, WeightsError
from phonofilm.models.svg.config import Coupling, CouplingConfig, SVGConfig, audio_unet, video_unet
from phonofilm.models.svg.net import SVG
from phonofilm.models.svg.weights import from_public_pipe
from phonofilm.pair import AV

HEAD = AV(8, 4)


@pytest.fixture(scope="module")
def network() -> SVG:
    torch.manual_seed(0)
    video = video_unet((64, 64), text=12, attention=(True, False), layers=1, head=8, frames=8)
    audio = audio_unet((64, 32), text=10, layers=1, head=8)
    coupling = CouplingConfig(kind=Coupling.CMC_PE, width=32, multipliers=(1, 2), head=HEAD)
    return SVG(SVGConfig(video_unet=video, audio_unet=audio, coupling=coupling))


def write(folder: Path, config: dict, module: torch.nn.Module, *, pickled: bool) -> None:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"_class_name": "any", "_diffusers_version": "0.27.0"} | config))
    weights = {name: value.clone() for name, value in module.state_dict().items()}
    if pickled:
        torch.save(weights, folder / "diffusion_pytorch_model.bin")
    else:
        save_file(weights, folder / "diffusion_pytorch_model.safetensors")


def coupling_json(network: SVG) -> dict:
    config = network.config
    return {
        "unet_video_config": config.video_unet | {"attention_head_dim": HEAD.video},
        "unet_audio_config": config.audio_unet | {"attention_head_dim": HEAD.audio},
        "connector_in_type": "additive",
        "connector_out_input": "x_pred",
        "connector_video_config": {
            "with_connector": [True, True],
            "connector_channel": 32,
            "channel_mult_connector": [1, 2],
        },
        "connector_audio_config": {
            "with_connector": [True, True],
            "connector_channel": 32,
            "channel_mult_connector": [1, 2],
        },
    }


@pytest.fixture
def pipe(tmp_path: Path, network: SVG) -> Path:
    write(tmp_path / "unet_v", network.config.video_unet, network.video_unet, pickled=True)
    write(tmp_path / "unet_a", network.config.audio_unet, network.audio_unet, pickled=False)
    write(tmp_path / "unet_svg", coupling_json(network), network.coupling, pickled=True)
    return tmp_path


def edit(path: Path, change) -> None:
    row = json.loads(path.read_text())
    change(row)
    path.write_text(json.dumps(row))


def test_loading_says_the_licences(pipe):
    with pytest.warns(LicenceWarning) as said:
        from_public_pipe(pipe)
    (message,) = [str(one.message) for one in said]
    for words in ("AudioLDM", "non-commercial", "Open RAIL-M", "AnimateDiff", "no licence"):
        assert words in message


def test_the_command_shows_licences(capsys):
    from phonofilm.cli.app import _show_warning

    _show_warning("read this first", LicenceWarning, "file.py", 1)
    assert capsys.readouterr().err == "phonofilm: warning: read this first\n"


def test_what_cannot_be_loaded_says_no_licences(pipe, recwarn):
    (pipe / "unet_v" / "diffusion_pytorch_model.bin").unlink()
    with pytest.raises(WeightsError):
        from_public_pipe(pipe)
    assert [one for one in recwarn if one.category is LicenceWarning] == []


@pytest.mark.filterwarnings("ignore::phonofilm.errors.LicenceWarning")
def test_a_pipe_is_read_bit_for_bit(pipe, network):
    loaded = from_public_pipe(pipe)
    assert loaded.config == network.config
    own, found = network.state_dict(), loaded.state_dict()
    assert own.keys() == found.keys()
    assert all(torch.equal(own[name], found[name]) for name in own)


@pytest.mark.filterwarnings("ignore::phonofilm.errors.LicenceWarning")
def test_head_width_comes_from_the_config(pipe):
    edit(pipe / "unet_svg" / "config.json", lambda row: row["unet_video_config"].update(attention_head_dim=16))
    assert from_public_pipe(pipe).config.coupling.head == AV(16, HEAD.audio)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda row: row["unet_audio_config"].update(attention_head_dim=[8, 8]), "attention_head_dim"),
        (lambda row: row["unet_video_config"].pop("attention_head_dim"), "attention_head_dim"),
        (lambda row: row.update(connector_in_type="film"), "kind 'film'"),
        (lambda row: row["connector_video_config"].update(connector_channel=64), "must agree"),
        (lambda row: row["connector_audio_config"].update(with_connector=[False, True]), "only the last 2"),
        (lambda row: row.update(connector_in_type="attn"), "lacks"),
    ],
)
def test_settings_that_do_not_fit_are_named(pipe, change, complaint):
    edit(pipe / "unet_svg" / "config.json", change)
    with pytest.raises(WeightsError, match=complaint):
        from_public_pipe(pipe)


def test_an_unknown_unet_setting_is_named(pipe):
    edit(pipe / "unet_v" / "config.json", lambda row: row.update(frequency=3))
    with pytest.raises(WeightsError, match="'frequency'"):
        from_public_pipe(pipe)


def test_missing_parts_are_named(pipe):
    (pipe / "unet_v" / "diffusion_pytorch_model.bin").unlink()
    with pytest.raises(WeightsError, match="unet_v has neither"):
        from_public_pipe(pipe)
    (pipe / "unet_a" / "config.json").unlink()
    with pytest.raises(WeightsError, match="unet_a has no readable"):
        from_public_pipe(pipe)


class Evil:
    """Unpickling this would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_pickle_that_runs_code_is_refused(pipe, tmp_path):
    trace = tmp_path / "ran"
    torch.save({"conv_in.weight": Evil(trace)}, pipe / "unet_v" / "diffusion_pytorch_model.bin")
    with pytest.raises(WeightsError, match="plain weights"):
        from_public_pipe(pipe)
    assert not trace.exists()


def test_a_cut_file_is_refused(pipe):
    path = pipe / "unet_v" / "diffusion_pytorch_model.bin"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(WeightsError, match="copy it again"):
        from_public_pipe(pipe)
