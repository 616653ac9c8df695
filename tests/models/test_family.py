from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from phonofilm.codecs import Codec, audio_vae, video_vae
from phonofilm.codecs.audio_vae import AudioVae
from phonofilm.codecs.video_vae import VideoVae
from phonofilm.conditioning.text import TextConfig, TextEncoder
from phonofilm.diffusion.parameterization import NetworkDenoiser
from phonofilm.errors import SettingError, WeightsError
from phonofilm.models import SamplingDefaults, assemble, catalogue, create, families
from phonofilm.models._catalogue import entry, family, shipped
from tests.models.small_model import small_model, small_text


def test_families_are_found_by_their_folders():
    assert families().keys() >= {"svg"}
    assert all(name == found.name for name, found in families().items())
    assert family("svg") is families()["svg"]


def test_a_folder_with_a_family_is_all_it_takes(family_folder: Path):
    lines = ("from dataclasses import replace", "from phonofilm.models.svg import FAMILY")
    (family_folder / "__init__.py").write_text("\n".join([*lines, "FAMILY = replace(FAMILY, name='twin')"]))
    assert families().keys() == {"svg", "twin"}
    assert catalogue().keys() >= {"twin-tiny", "svg-tiny"}


@pytest.mark.parametrize("content", ["", "FAMILY = 'twin'\n", "from phonofilm.models.svg import FAMILY\n"])
def test_a_folder_that_is_no_family_is_an_error_that_says_what_it_lacks(family_folder: Path, content: str):
    (family_folder / "__init__.py").write_text(content)
    with pytest.raises(SettingError, match=r"models/twin .*__init__\.py must set FAMILY = Family\(name='twin'"):
        catalogue()


def test_unknown_names_offer_the_nearest():
    with pytest.raises(SettingError, match="did you mean 'svg'"):
        family("svgg")
    with pytest.raises(SettingError, match="did you mean 'svg-tiny'"):
        entry("svg-tinny")


def test_a_size_without_weights_says_so():
    assert catalogue()["svg-paper"].folder is None
    with pytest.raises(WeightsError, match="no weights of svg-paper ship"):
        shipped("svg-paper")


def test_the_seed_is_all_that_decides_fresh_weights():
    one, same, other = (small_model(seed).network.state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["video_unet.conv_in.weight"], other["video_unet.conv_in.weight"])


def test_making_a_model_leaves_the_callers_random_state_alone():
    model = small_model()
    before = torch.get_rng_state()
    create("svg-tiny", model.codec, model.text, seed=5, config=model.config)
    assert torch.equal(before, torch.get_rng_state())


def test_a_config_of_another_kind_is_refused():
    model = small_model()
    with pytest.raises(SettingError, match="takes a SVGConfig"):
        create("svg-tiny", model.codec, model.text, config=SamplingDefaults())


def test_a_model_knows_its_name_and_its_denoiser():
    model = small_model()
    assert model.name == "svg-tiny"
    assert isinstance(model.denoiser(), NetworkDenoiser)
    assert model.to("cpu") is model
    assert model.modules.keys() == {"network", "text", "video codec", "audio codec"}
    with pytest.raises(dataclasses.FrozenInstanceError):
        model.size = "small"


def test_parts_that_do_not_fit_are_refused():
    model = small_model()
    with pytest.raises(WeightsError, match=r"latents of 3 \+ 1 channels, the network takes 4 \+ 8"):
        create("svg-tiny", model.codec, model.text)
    unet = {**model.config.video_unet, "cross_attention_dim": 13}
    config = model.config.model_copy(update={"video_unet": unet})
    with pytest.raises(WeightsError, match=r"text encoder is 12 \+ 12 wide, the network takes 13 \+ 12"):
        create("svg-tiny", model.codec, model.text, config=config)


@pytest.mark.parametrize("name", [name for name in catalogue() if name.startswith("svg-")])
def test_every_size_can_be_a_whole_model(name):
    widths = catalogue()[name].family.presets[catalogue()[name].size].config.text_width
    codec = Codec(VideoVae(video_vae.TINY), AudioVae(audio_vae.TINY))
    tokenizer = small_text().tokenizer
    with torch.device("meta"):  # no memory: the largest has two billion weights
        text = TextEncoder(TextConfig(vocabulary=len(tokenizer), width=widths), tokenizer)
        model = create(name, codec, text)
    assert model.text.config.width == model.network.text_width == widths


def test_a_network_of_ones_own_becomes_a_model():
    made = small_model()
    model = assemble("svg-tiny", made.config, made.network, made.codec, made.text)
    assert model.network is made.network
    assert (model.schedule, model.shape, model.defaults) == (made.schedule, made.shape, made.defaults)
    with pytest.raises(SettingError, match="takes a SVGConfig"):
        assemble("svg-tiny", SamplingDefaults(), made.network, made.codec, made.text)


def test_parameters_are_counted_without_making_them():
    unets, coupling = 1_276_658_564 + 415_954_568, 467_744_079
    assert catalogue()["svg-paper"].parameters == unets + coupling


def test_sampling_defaults_are_strict():
    with pytest.raises(ValidationError):
        SamplingDefaults(step=3)
    with pytest.raises(ValidationError):
        SamplingDefaults(steps=0)
