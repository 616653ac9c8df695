"""How clips are heard, against the rules of the public loaders written out by hand."""

from __future__ import annotations

from fractions import Fraction
from importlib import import_module

import numpy as np
import pytest
import torch

from phonofilm.errors import MediaError, WeightsError
from phonofilm.media.clip import Clip
from phonofilm.media.resample import resample_audio
from phonofilm.metrics import Given, Subject
from phonofilm.metrics._features import audioclip, panns, passt, vggish
from phonofilm.metrics._features._listening import AUDIOLDM_EVAL, AV_BENCHMARK, KADTK, MM_DIFFUSION, mel_triangles
from tests.metrics import tiny
from tests.metrics.heard import film, waves

RATE = 1000
TINY = {
    network: import_module(f"{tiny.__name__}.{network.__name__.rsplit('.', 1)[1]}")
    for network in (audioclip, panns, passt, vggish)
}


def test_av_benchmark_centres_the_whole_and_keeps_eight_seconds():
    mean = waves(9.5, RATE).mean(axis=0)
    np.testing.assert_allclose(AV_BENCHMARK(film(9.5, RATE), RATE), (mean - mean.mean())[:8000], atol=1e-7)
    assert AV_BENCHMARK(film(0.5, RATE), RATE).shape == (500,)


def test_audioldm_eval_hears_one_channel_in_full_and_two_seconds_at_least():
    first = waves(9.5, RATE)[0]
    np.testing.assert_allclose(AUDIOLDM_EVAL(film(9.5, RATE), RATE), first - first.mean(), atol=1e-7)
    short = waves(0.5, RATE)[0]
    expected = np.concatenate([short - short.mean(), np.zeros(1500)])
    np.testing.assert_allclose(AUDIOLDM_EVAL(film(0.5, RATE), RATE), expected, atol=1e-7)


def test_kadtk_hears_all_of_it():
    np.testing.assert_allclose(KADTK(film(9.5, RATE), RATE), waves(9.5, RATE).mean(axis=0), atol=1e-7)


def test_mm_diffusion_hears_one_channel_for_so_long_as_16_pictures_at_10_a_second():
    assert torch.equal(MM_DIFFUSION(film(2.0, RATE), RATE), torch.from_numpy(waves(2.0, RATE)[0, :1600].copy()))
    assert MM_DIFFUSION(film(0.5, RATE), RATE)[500:].eq(0).all()


def test_the_mean_is_taken_off_before_the_rate_changes_and_the_cut_comes_after():
    mean = waves(9.0, 1500).mean(axis=0, keepdims=True)
    expected = resample_audio(mean - mean.mean(), 1500, RATE)[0, :8000]
    np.testing.assert_allclose(AV_BENCHMARK(film(9.0, 1500), RATE), expected, atol=1e-7)


@pytest.mark.parametrize("rule", [AV_BENCHMARK, AUDIOLDM_EVAL, KADTK, MM_DIFFUSION])
def test_the_clip_stays_as_it_is(rule):
    subject = film(2.5, RATE)
    rule(subject, RATE).fill_(7)
    assert np.array_equal(subject.clip.audio, waves(2.5, RATE))


def test_a_rule_stands_in_ids_and_in_scores(tmp_path, monkeypatch):
    given = Given(weights=TINY[panns].give(tmp_path, monkeypatch))
    usual, other = panns.Panns(given), panns.Panns(given, AUDIOLDM_EVAL)
    assert usual.id != other.id
    assert "avbenchmark" in usual.id
    assert usual.about.resampler == "mean of the channels, less its mean over time, soxr HQ to 16000 Hz, first 8 s"
    assert other.about.resampler == "first channel, less its mean over time, soxr HQ to 16000 Hz, silence up to 2 s"


def test_a_film_without_sound_is_named():
    silent = Subject("mute", Clip(np.zeros((2, 8, 8, 3), np.uint8), None, Fraction(2), RATE))
    with pytest.raises(MediaError, match="mute has no sound"):
        AV_BENCHMARK(silent, RATE)


@pytest.mark.parametrize(
    ("bins", "mels", "lowest", "highest", "rate"), [(257, 64, 125, 7500, 16_000), (513, 128, 0, 15_000, 32_000)]
)
def test_filters_are_those_of_transformers(bins, mels, lowest, highest, rate):
    from transformers.audio_utils import mel_filter_bank

    theirs = mel_filter_bank(
        bins, mels, lowest, highest, rate, norm=None, mel_scale="kaldi", triangularize_in_mel_space=True
    )
    np.testing.assert_allclose(mel_triangles(bins, mels, lowest, highest, rate), theirs, atol=1e-9)


LISTENERS = [(vggish, "Vggish"), (panns, "Panns"), (passt, "Passt"), (audioclip, "AudioClip")]


@pytest.mark.parametrize(("network", "kind"), LISTENERS)
def test_weights_of_other_sizes_are_refused(network, kind, tmp_path, monkeypatch):
    published = network.PUBLISHED
    places = TINY[network].give(tmp_path, monkeypatch)
    monkeypatch.setattr(network, "PUBLISHED", published)
    with torch.device("meta"), pytest.raises(WeightsError, match=r"lacks|has another size of"):
        getattr(network, kind)(Given(weights=places)).load()


@pytest.mark.parametrize(
    ("network", "kind", "content", "complaint"),
    [
        (*LISTENERS[0], {"pca_means": torch.zeros(2)}, "lacks 'embeddings.0.bias'"),
        (*LISTENERS[1], {"state": {}}, "no weights under 'model.'"),
        (*LISTENERS[2], [torch.zeros(2)], "holds a list, not named weights"),
        (*LISTENERS[3], {"visual.conv1.weight": torch.zeros(2)}, "no weights under 'audio.'"),
    ],
)
def test_files_of_something_else_are_refused(network, kind, content, complaint, tmp_path, monkeypatch):
    places = TINY[network].give(tmp_path, monkeypatch)
    for place in places.values():
        torch.save(content, place)
    with pytest.raises(WeightsError, match=complaint):
        getattr(network, kind)(Given(weights=places)).load()


@pytest.mark.parametrize(("network", "kind"), LISTENERS)
def test_a_file_with_another_checksum_is_refused(network, kind, tmp_path):
    path = tmp_path / "weights.pt"
    path.write_bytes(b"other")
    published = getattr(network, kind).published
    with pytest.raises(WeightsError, match=f"is not what was published as {published.name}"):
        getattr(network, kind)(Given(weights={published.name: str(path)}))
