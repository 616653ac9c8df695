"""Synchformer: the network against public code and closed forms, segments, lines, and what cannot be measured."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from phonofilm.errors import MediaError, SettingError, WeightsError
from phonofilm.media.clip import Clip
from phonofilm.metrics import Given, Subject, find
from phonofilm.metrics._features import synchformer
from phonofilm.metrics._features._sound import htk_filters
from phonofilm.metrics._features._synchformer import DividedAttention, Sizes, SynchformerNet
from phonofilm.metrics._features.synchformer import EIGHT_SECONDS, MIDDLE, Offsets, Synchformer, spectra
from phonofilm.metrics._kinds import desync
from phonofilm.metrics._kinds.desync import Timed
from phonofilm.metrics._maths.resample import SHUFFLES, derangements
from phonofilm.metrics.desync_avbenchmark import DeSyncAvBenchmark
from phonofilm.metrics.desync_javisbench import DeSyncJavisBench, walk
from phonofilm.metrics.desync_synchformer import DeSyncSynchformer
from phonofilm.metrics.desync_versebench import DeSyncVerseBench
from phonofilm.pair import AV
from tests.metrics.tiny.synchformer import SMALL, drawn, give


def close(found, expected, atol=2e-5):
    np.testing.assert_allclose(np.asarray(found), expected, atol=atol)


@pytest.fixture
def small():
    network = SynchformerNet(SMALL).eval()
    network.load_state_dict(drawn(network, 3))
    return network


@torch.no_grad()
def test_the_network_is_the_public_one(small):
    """Numbers of av-benchmark's classes, made small, with the same weights and the same input."""
    rng = np.random.default_rng(11)
    frames = torch.from_numpy(rng.uniform(-1, 1, (3, 3, 16, 32, 32)).astype(np.float32))
    mel = torch.from_numpy(rng.normal(0, 1, (3, 128, 66)).astype(np.float32))
    video, audio = small.vfeat_extractor(frames), small.afeat_extractor(mel)
    assert (video.shape, audio.shape) == ((3, 8, 16), (3, 6, 16))
    close(video[1, 2, :5], [-0.56553, -0.71572, -0.87989, -1.11068, -0.21187])
    close(audio[1, 2, :5], [0.17374, 0.61296, 0.68187, 0.94952, -0.51475])
    logits = small.offset(video[None], audio[None])
    close(logits[0, :6], [-0.19703, -0.9065, 0.08791, 1.10149, -0.58303, 0.14747])


def test_the_published_layout():
    with torch.device("meta"):
        state = SynchformerNet(Sizes()).state_dict()
    assert (len(state), sum(value.numel() for value in state.values())) == LAYOUT
    assert state["transformer.pos_emb_cfg.pos_emb"].shape == (1, 198, 768)
    assert state["vfeat_extractor.patch_embed_3d.proj.weight"].shape == (768, 3, 2, 16, 16)
    assert state["afeat_extractor.ast.embeddings.position_embeddings"].shape == (1, 74, 768)


@pytest.mark.parametrize("over_time", [True, False])
@torch.no_grad()
def test_divided_attention_is_full_attention_with_a_mask(over_time):
    moments, places, width, heads = 3, 5, 14, 2
    divided = DividedAttention(width, heads)
    full = nn.MultiheadAttention(width, heads, batch_first=True)
    full.load_state_dict(
        {
            "in_proj_weight": divided.qkv.weight,
            "in_proj_bias": divided.qkv.bias,
            "out_proj.weight": divided.proj.weight,
            "out_proj.bias": divided.proj.bias,
        }
    )
    x = torch.randn(2, 1 + moments * places, width)
    moment, place = torch.arange(moments * places) // places, torch.arange(moments * places) % places
    group = place if over_time else moment
    apart = torch.ones(1 + moments * places, 1 + moments * places, dtype=torch.bool)
    apart[0], apart[:, 0] = False, False
    apart[1:, 1:] = group[:, None] != group[None, :]
    torch.testing.assert_close(
        divided(x, moments, over_time=over_time), full(x, x, x, attn_mask=apart)[0], atol=1e-5, rtol=1e-5
    )


def test_spectra_are_logs_of_mels_and_end_in_a_plain_zero():
    sound = torch.from_numpy(np.random.default_rng(5).normal(0, 0.1, (2, 10_240)).astype(np.float32))
    found = spectra(sound)
    assert found.shape == (2, 128, 66)
    close(found[:, :, 65], 4.2677393 / 9.1379948, 1e-6)
    close(spectra(torch.zeros(1, 10_240))[0, :, :65], (np.log(1e-6) + 4.2677393) / 9.1379948, 1e-6)
    louder = spectra(10 * sound)[:, 20:, :65] - found[:, 20:, :65]
    close(louder, np.log(100) / 9.1379948, 1e-3)


def test_spectra_have_windows_of_25_ms_every_10_ms():
    sound = np.random.default_rng(6).normal(0, 0.1, 10_240)
    hann = np.pad(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400), 312)
    window = sound[30 * 160 - 512 : 30 * 160 + 512] * hann
    mel = np.abs(np.fft.rfft(window)) ** 2 @ htk_filters(513, 128, 16_000).double().numpy()
    expected = (np.log(mel + 1e-6) + 4.2677393) / 9.1379948
    close(spectra(torch.from_numpy(sound[None].astype(np.float32)))[0, 10:, 30], expected[10:], 1e-3)


def film(seconds, fps=25, rate=16_000, shape=(36, 48), sound=None, seed=1):
    """Noise, different in every frame."""
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 256, (round(seconds * fps), *shape, 3), np.uint8)
    audio = rng.normal(0, 0.1, (2, round((sound or seconds) * rate))).astype(np.float32)
    return Subject("a film", Clip(frames, audio, Fraction(fps), rate))


@pytest.fixture
def given(tmp_path, monkeypatch):
    return Given(weights=give(tmp_path, monkeypatch))


def test_segments_overlap_by_half(given, small):
    subject = film(2)
    found = Synchformer(given, EIGHT_SECONDS)(subject)
    padded = 100  # of less than 4 s the rest is black and silent
    assert {name: value.shape for name, value in found.items()} == {
        "video": ((padded - 16) // 8 + 1, 8, 16),
        "audio": ((padded - 16) // 8 + 1, 6, 16),
    }
    frames = torch.from_numpy(subject.whole().video)
    sound = torch.from_numpy(subject.whole().audio.mean(axis=0))
    by_hand = nn.functional.interpolate(
        frames[8:24].permute(0, 3, 1, 2).float(), (32, 42), mode="bicubic", antialias=True
    )
    cropped = (by_hand.clamp(0, 255).round() / 255 - 0.5)[:, :, :, 5:37] / 0.5
    with torch.no_grad():
        close(found["video"][1], small.vfeat_extractor(cropped.transpose(0, 1)[None])[0], 1e-4)
        close(found["audio"][1], small.afeat_extractor(spectra(sound[None, 8 * 640 : 24 * 640]))[0], 1e-4)
        black = small.vfeat_extractor(-torch.ones(1, 3, 16, 32, 32))[0]
        silent = small.afeat_extractor(spectra(torch.zeros(1, 10_240)))[0]
    close(found["video"][-1], black, 1e-4)
    close(found["audio"][-1], silent, 1e-4)


def test_the_middle_begins_with_the_third_frame(given):
    whole, middle = (Synchformer(given, cut) for cut in (EIGHT_SECONDS, MIDDLE))
    assert whole.id != middle.id
    late = film(3).clip
    late = Subject("late", Clip(late.frames[2:], late.audio[:, 2 * 640 :], late.fps, late.sample_rate))
    found, expected = middle(film(3))["audio"], whole(late)["audio"]
    assert found.shape[0] == (75 - 2 - 16) // 8 + 1
    close(found, expected[: len(found)], 1e-6)


@torch.no_grad()
def test_the_middle_is_cut_out_of_larger_pictures(given, small):
    found = Synchformer(given, MIDDLE)(film(3))
    frames = torch.from_numpy(film(3).whole().video[2:18]).permute(0, 3, 1, 2).float()
    by_hand = nn.functional.interpolate(frames, (64, 85), mode="bicubic", antialias=True).clamp(0, 255).round()
    cropped = by_hand[:, :, 16:48, 26:58] / 127.5 - 1
    close(found["video"][0], small.vfeat_extractor(cropped.transpose(0, 1)[None])[0], 1e-4)


def test_no_more_is_read_than_is_needed(given):
    one, other = Synchformer(given, EIGHT_SECONDS)(film(8)), Synchformer(given, EIGHT_SECONDS)(film(8.5))
    assert one["video"].shape[0] == other["video"].shape[0] == 24
    assert Synchformer(given, MIDDLE)(film(6))["audio"].shape[0] == 14


def test_the_published_lines():
    assert DeSyncAvBenchmark.lines(24) == [list(range(14)), list(range(10, 24))]
    assert DeSyncSynchformer.lines(14) == [list(range(14))]
    assert DeSyncVerseBench.lines(14) == [list(range(11))]
    assert DeSyncJavisBench.lines(24) == [[*range(11), 0, 1, 2]]


@pytest.mark.parametrize(
    ("segments", "lines"),
    [  # of JavisBench's loop over ceil(n / 14) windows
        (5, [[0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3]]),
        (14, [list(range(14))]),
        (24, [list(range(14)), list(range(10, 24))]),
        (28, [list(range(14)), list(range(14, 28))]),
        (30, [list(range(14)), list(range(14, 28)), list(range(16, 30))]),
    ],
)
def test_javisbench_walks_through_segments(segments, lines):
    assert walk(segments, 14) == lines


def asked(monkeypatch, offsets):
    """Let the network find these offsets, line by line."""
    left = iter(offsets)
    monkeypatch.setattr(Offsets, "_class", lambda self, found, line: round((next(left) + 2) / 0.2))


def test_numbers_of_a_clip(given, monkeypatch):
    for name, offsets, value in [
        ("desync-avbenchmark", [0.4, -1.2], 0.8),
        ("desync-javisbench", [-0.6], 0.6),
        ("desync-synchformer", [-1.8], 1.8),
        ("desync-versebench", [-1.8], -1.8),
    ]:
        asked(monkeypatch, offsets)
        assert find(name, given).measure(film(2)).number == pytest.approx(value)


def test_signs_are_kept_by_verse_bench_alone(given):
    early_and_late = [Timed(-1.0, None), Timed(1.0, None)]
    assert find("desync-versebench", given).scores(early_and_late, None, 0)[0].value == 0
    assert find("desync-versebench", given).scores(early_and_late, None, 0)[0].better.value == "nearer zero"


def vectors(number, segments=3, shade=0.0):
    """A record whose vectors are all the same."""
    return Timed(number, AV(*(np.full((segments, moments, 16), shade, np.float16) for moments in (8, 6))))


@pytest.mark.parametrize("bench", ["avbenchmark", "javisbench", "synchformer"])
def test_chance_is_what_pictures_with_the_sound_of_other_films_give(given, monkeypatch, bench):
    def apart(self, found, line):
        return 10 + round(float(found["video"][line].mean() - found["audio"][line].mean()))

    metric = find(f"desync-{bench}", given)
    monkeypatch.setattr(Offsets, "_class", apart)
    shades = np.array([0, 1, 3, 8])
    (found,) = metric.scores([vectors(0.0, shade=shade) for shade in shades], None, 5)
    expected = np.mean([0.2 * np.abs(shades - shades[partner]) for partner in derangements(4, 5)])
    assert (found.value, found.chance) == (0, pytest.approx(expected))
    assert metric.scores([vectors(0.0)], None, 5)[0].chance is None


def test_the_network_itself_is_asked_about_wrong_pairs(given, small):
    metric, clips = find("desync-avbenchmark", given), [film(2, seed=0), film(2, seed=1)]
    (found,) = metric.scores([metric.measure(clip) for clip in clips], None, 0)
    (one, other), sizes = (clip.read(metric.offsets.segments) for clip in clips), []
    for seen, heard in ((one, other), (other, one)):
        for line in metric.lines(len(seen["video"])):
            sides = (torch.from_numpy(side[line])[None] for side in (seen["video"], heard["audio"]))
            with torch.no_grad():
                sizes.append(abs(-2 + 0.2 * int(small.offset(*sides).argmax())))
    assert found.chance == pytest.approx(np.mean(sizes))


def test_pairs_of_unequal_numbers_of_segments_are_as_long_as_the_shorter(given, monkeypatch):
    metric, seen = find("desync-avbenchmark", given), []
    monkeypatch.setattr(Offsets, "_class", lambda self, found, line: seen.append(line) or 10)
    assert metric.scores([vectors(0.5, segments) for segments in (4, 9)], None, 0)[0].chance == pytest.approx(0)
    assert seen == [[0, 1, 2], [1, 2, 3]] * 2 * SHUFFLES


def test_no_more_wrong_pairs_are_asked_about_than_is_said(given, monkeypatch):
    metric, seen = find("desync-synchformer", given), []
    monkeypatch.setattr(desync, "WRONG_PAIRS", 7)
    monkeypatch.setattr(Offsets, "_class", lambda self, found, line: seen.append(found) or 0)
    (found,) = metric.scores([vectors(0.5)] * 12, None, 0)
    assert (found.value, found.chance, len(seen)) == (0.5, 2, 7)


def test_records_hold_no_more_than_chance_takes(given):
    assert find("desync-versebench", given).measure(film(2)).segments is None
    segments = find("desync-javisbench", given).measure(film(3)).segments
    assert segments.map(lambda side: (len(side), side.dtype.name)) == AV((2, "float16"), (2, "float16"))


def test_the_likeliest_class_is_taken_from_the_network(given, small):
    subject = film(2)
    metric = find("desync-avbenchmark", given)
    found = subject.read(metric.offsets)["offset"]
    segments = {name: torch.from_numpy(value) for name, value in subject.read(metric.offsets.segments).items()}
    with torch.no_grad():
        for offset, at in zip(found, (slice(0, 3), slice(-3, None)), strict=True):
            logits = small.offset(segments["video"][None, at], segments["audio"][None, at])
            assert offset == pytest.approx(-2 + 0.2 * int(logits.argmax()))


def test_metrics_share_what_they_can(given):
    readings = {name: find(f"desync-{name}", given).offsets for name in BENCHES}
    assert readings["avbenchmark"].segments.id == readings["javisbench"].segments.id
    assert readings["synchformer"].segments.id == readings["versebench"].segments.id
    assert len({reading.id for reading in readings.values()}) == 4


BENCHES = ("avbenchmark", "javisbench", "synchformer", "versebench")
LAYOUT = (513, 237_460_245)
"""Tensors and numbers of av-benchmark's class."""


@pytest.mark.parametrize(("name", "seconds"), [("avbenchmark", 8), ("synchformer", 5), ("versebench", 4)])
def test_too_short_films_are_named(tmp_path, monkeypatch, name, seconds):
    with monkeypatch.context() as patch:
        weights = give(tmp_path, patch)
    metric = find(f"desync-{name}", Given(weights=weights))
    for short in (film(seconds - 0.04), film(seconds, sound=seconds - 0.01)):
        with pytest.raises(MediaError, match=rf"a film has [\d.]+ s of picture and sound, and .* needs {seconds} s"):
            metric.measure(short)


def test_silent_films_are_named(given):
    dumb = Subject("a film", Clip(film(2).clip.frames, None, Fraction(25), 16_000))
    with pytest.raises(MediaError, match="a film has no sound"):
        find("desync-javisbench", given).measure(dumb)


def test_weights(tmp_path, monkeypatch, given):
    with pytest.raises(SettingError, match="--weights synchformer=PATH"):
        find("desync-javisbench")
    monkeypatch.setattr(synchformer, "PUBLISHED", replace(SMALL, width=32))
    with pytest.raises(WeightsError, match=r"synchformer_state_dict.pth has another size of"):
        find("desync-javisbench", given).measure(film(2))


def test_a_foreign_file_is_no_synchformer(tmp_path, monkeypatch):
    give(tmp_path, monkeypatch)
    torch.save({"head": torch.zeros(2)}, tmp_path / "foreign.pth")
    given = Given(weights={"synchformer": str(tmp_path / "foreign.pth")})
    with pytest.raises(WeightsError, match=r"foreign.pth lacks 'afeat_extractor"):
        find("desync-javisbench", given).measure(film(2))


def test_checkpoints_of_training_are_read_where_they_hold_plain_values(tmp_path, monkeypatch):
    give(tmp_path, monkeypatch)
    state = torch.load(tmp_path / "synchformer_state_dict.pth")
    torch.save({"model": state, "epoch": 3}, tmp_path / "other.pt")
    both = [
        Synchformer(Given(weights={"synchformer": str(tmp_path / name)}), MIDDLE)(film(1))["audio"]
        for name in ("synchformer_state_dict.pth", "other.pt")
    ]
    close(*both, 0)
