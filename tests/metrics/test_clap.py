"""CLAP: against transformers' own forward, golden numbers, and what cannot be scored."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soxr
import torch
from safetensors.torch import load_file

from phonofilm.errors import SettingError, WeightsError
from phonofilm.media.clip import Clip
from phonofilm.metrics import Given, Subject, find, frechet
from tests.metrics.tiny import clap, clip


def sound(seconds: float, rate: int, channels: int = 2) -> np.ndarray:
    """A chirp and a hum, each channel louder than the one before."""
    t = np.arange(int(seconds * rate)) / rate
    one = 0.2 * np.sin(2 * np.pi * (200 + 300 * t) * t) + 0.1 * np.sin(2 * np.pi * 97 * t)
    return np.stack([one * (1 + channel) / channels for channel in range(channels)]).astype(np.float32)


def film(seconds: float = 1.3, rate: int = 22_050, prompt: str | None = "a Bell, twice!") -> Subject:
    frames = np.zeros((3, 8, 8, 3), np.uint8)
    return Subject("film", Clip(frames, sound(seconds, rate), Fraction(2), rate), prompt)


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    return Given(weights=clap.give(tmp_path, monkeypatch))


def test_the_score_is_what_transformers_makes_of_sound_and_sentence(given: Given) -> None:
    """Its processor's parts and the whole model's forward, called by hand on the same sound; within 1e-5."""
    from transformers import ClapFeatureExtractor, ClapModel, RobertaTokenizerFast

    folder = given.weights["clap"]
    subject = film()
    mono = soxr.resample(subject.clip.audio.mean(axis=0), 22_050, 48_000)
    mel = ClapFeatureExtractor.from_pretrained(folder)(mono, sampling_rate=48_000, return_tensors="pt")
    tokens = RobertaTokenizerFast.from_pretrained(folder)([subject.prompt], return_tensors="pt", padding=True)
    network = ClapModel.from_pretrained(folder).eval()
    with torch.no_grad():
        made = network(**tokens, **mel)
        wanted = made.logits_per_audio / network.logit_scale_a.exp()
    metric = find("clap-score", given)
    two = metric.measure(subject)
    assert metric.agree(two.one, two.other) == pytest.approx(float(wanted), abs=1e-5)


def test_golden(given: Given) -> None:
    """Of weights that are the same everywhere; a change of definition changes them. Within 1e-4."""
    two = find("clap-score", given).measure(film())
    assert two.other.shape == (1, 24)
    np.testing.assert_allclose(two.one[:4], GOLDEN_SENTENCE, atol=1e-4)
    np.testing.assert_allclose(two.other[0, :4], GOLDEN_SOUND, atol=1e-4)


def test_of_a_long_sound_the_first_ten_seconds_count_every_time(given: Given) -> None:
    reading = find("clap-score", given).reading
    subject = film(11.5, 48_000)
    cut = Clip(subject.clip.frames, subject.clip.audio[:, :480_000], Fraction(2), 48_000)
    once, again, short = (reading(one)["features"] for one in (subject, subject, subject.showing(cut)))
    np.testing.assert_array_equal(once, again)
    np.testing.assert_array_equal(once, short)


def test_channels_are_averaged(given: Given) -> None:
    reading, stereo = find("clap-score", given).reading, film(1, 48_000)
    mono = Clip(stereo.clip.frames, stereo.clip.audio.mean(axis=0, keepdims=True), Fraction(2), 48_000)
    np.testing.assert_allclose(reading(stereo)["features"], reading(stereo.showing(mono))["features"], atol=1e-6)
    assert "mean of the channels, soxr HQ to 48000 Hz" in reading.about.resampler


def test_without_sentences_there_is_a_reason(given: Given) -> None:
    metric = find("clap-score", given)
    assert metric.measure(film(prompt=None)) is None
    assert metric.measure(film(prompt="  ")) is None
    (score,) = metric.scores([], None, 0)
    assert score.value is None
    assert "sentence" in score.reason


def test_a_sentence_that_is_too_long_is_cut(given: Given) -> None:
    reading = find("clap-score", given).reading
    np.testing.assert_array_equal(reading.sentence("x" * 200), reading.sentence("x" * 300))


def test_fad_is_the_frechet_distance_of_the_embeddings(given: Given) -> None:
    metric = find("fad-clap-htsat-unfused", given)
    own = [metric.measure(film(seconds, 16_000)) for seconds in (0.5, 0.7, 0.9, 1.1)]
    true = [metric.measure(film(seconds, 48_000)) for seconds in (1.0, 1.2, 1.4, 1.6)]
    score, _ = metric.scores(own, true, 0)
    assert score.value == pytest.approx(frechet(np.concatenate(own), np.concatenate(true)))
    assert score.value > 1e-4
    assert score.extractor.startswith("clap-")


def test_definitions_of_one_process_share_the_network(given: Given) -> None:
    one, other = find("clap-score", given), find("fad-clap-htsat-unfused", given)
    assert one.reading.id == other.reading.id
    assert one.reading.network is other.reading.network


def test_weights_that_do_not_fit_are_named(given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fused = clap.give(tmp_path / "fused", monkeypatch, enable_fusion=True, fusion_type="aff_2d")
    with pytest.raises(WeightsError, match="fuses pieces chosen at random: get the unfused one"):
        find("clap-score", Given(weights=fused)).measure(film())
    foreign = clip.give(tmp_path / "foreign", monkeypatch)
    with pytest.raises(WeightsError, match="get it anew"):
        find("clap-score", Given(weights={"clap": foreign["clip"]})).measure(film())
    with pytest.raises(WeightsError, match=r"no config\.json"):
        find("clap-score", Given(weights={"clap": str(tmp_path)})).measure(film())
    with pytest.raises(SettingError, match="--weights clap=PATH"):
        find("clap-score", Given())
    with pytest.raises(WeightsError, match="cannot be read at"):
        find("clap-score", Given(weights={"clap": str(tmp_path / "nothing")}))


def test_folders_that_lack_a_part_are_named(given: Given, tmp_path: Path) -> None:
    for part, complaint in (
        ("tokenizer.json", "no tokenizer"),
        ("preprocessor_config.json", "no preprocessor_config"),
        ("model.safetensors", "cannot be read as a ClapModel"),
    ):
        folder = tmp_path / f"without-{part}"
        shutil.copytree(given.weights["clap"], folder)
        (folder / part).unlink()
        with pytest.raises(WeightsError, match=complaint):
            find("clap-score", Given(weights={"clap": str(folder)})).measure(film())


def test_another_size_is_another_network(given: Given) -> None:
    folder = Path(given.weights["clap"])
    said = json.loads((folder / "config.json").read_text())
    said["projection_dim"] = said["audio_config"]["projection_dim"] = said["text_config"]["projection_dim"] = 25
    (folder / "config.json").write_text(json.dumps(said))
    with pytest.raises(WeightsError, match=r"another size of 'audio_projection\.linear1\.bias' and 7 more"):
        find("clap-score", given).measure(film())


def test_weights_of_other_versions_of_transformers_fit(given: Given) -> None:
    """They lack what is computed, lie in a pickle of tensors, or have one name too many, which alone is refused."""
    before = find("clap-score", given).reading(film())["features"]
    folder = Path(given.weights["clap"])
    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    computed = ("position_ids", "token_type_ids", "relative_position_index")
    torch.save({name: value for name, value in state.items() if not name.endswith(computed)}, folder / PICKLE)
    np.testing.assert_array_equal(find("clap-score", given).reading(film())["features"], before)
    torch.save({**state, "text_model.nose": torch.zeros(1)}, folder / PICKLE)
    with pytest.raises(WeightsError, match=r"unknown 'text_model\.nose'"):
        find("clap-score", given).measure(film())
    del state["logit_scale_a"]
    torch.save(state, folder / PICKLE)
    with pytest.raises(WeightsError, match="lacks 'logit_scale_a'"):
        find("clap-score", given).measure(film())


PICKLE = "pytorch_model.bin"
GOLDEN_SENTENCE = [0.260771, 0.056146, 0.070406, -0.071862]
GOLDEN_SOUND = [0.159919, 0.179957, -0.039292, -0.164139]
