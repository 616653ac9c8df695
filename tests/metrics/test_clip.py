"""CLIP: against transformers' own forward, golden numbers, and what CLIP looks at and reads."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from phonofilm.errors import MediaError, WeightsError
from phonofilm.media.clip import Clip
from phonofilm.metrics import Given, Subject, find
from phonofilm.metrics._features._openai import MEAN, STD, Tokens, squares
from tests.metrics.small_tokens import bytes_of_clip
from tests.metrics.sown import moving
from tests.metrics.tiny import clap, clip

PROMPT = "A cat's bell &amp; 3  cats"


def film(frames: int = 7, height: int = 50, width: int = 66, prompt: str | None = PROMPT) -> Subject:
    return Subject("film", moving(frames, height, width), prompt)


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    return Given(weights=clip.give(tmp_path, monkeypatch))


def test_the_score_is_what_transformers_makes_of_frames_and_sentence(given: Given) -> None:
    """The whole model's forward on pictures that Pillow resized, and tokens of its own tokenizer; within 1e-5."""
    from transformers import CLIPModel, CLIPTokenizerFast

    folder, subject = given.weights["clip"], film()
    chosen = [subject.clip.frames[round(i * 6 / 47)] for i in range(48)]
    small = [Image.fromarray(one).resize((42, 32), Image.Resampling.BICUBIC).crop((5, 0, 37, 32)) for one in chosen]
    pixels = (np.stack(small) / 255 - MEAN) / STD
    tokens = CLIPTokenizerFast(tokenizer_file=f"{folder}/tokenizer.json")(
        ["A cat's bell & 3 cats"], padding="max_length", max_length=77, return_tensors="pt"
    )
    network = CLIPModel.from_pretrained(folder).eval()
    with torch.no_grad():
        made = network(pixel_values=torch.from_numpy(pixels).float().permute(0, 3, 1, 2), **tokens)
        wanted = (made.logits_per_text / network.logit_scale.exp()).mean()
    metric = find("clip-score", given)
    two = metric.measure(subject)
    assert metric.agree(two.one, two.other) == pytest.approx(float(wanted), abs=1e-5)


def test_golden(given: Given) -> None:
    """Of weights that are the same everywhere; a change of definition changes them. Within 1e-4."""
    two = find("clip-score", given).measure(film())
    assert two.other.shape == (48, 24)
    np.testing.assert_allclose(two.one[:4], GOLDEN_SENTENCE, atol=1e-4)
    np.testing.assert_allclose(two.other[[0, 47], :2].ravel(), GOLDEN_FRAMES, atol=1e-4)


def test_pictures_are_resized_by_pillow_and_cut_to_their_middle() -> None:
    (frame,) = np.random.default_rng(0).integers(0, 256, (1, 31, 17, 3), np.uint8)
    small = Image.fromarray(frame).resize((8, 14), Image.Resampling.BICUBIC).crop((0, 3, 8, 11))
    wanted = (np.asarray(small) / 255 - MEAN) / STD
    np.testing.assert_allclose(squares(frame[None], 8)[0].permute(1, 2, 0), wanted, atol=1e-6)


def test_tokens_are_those_of_transformers(tmp_path: Path) -> None:
    from transformers import CLIPTokenizerFast

    path = bytes_of_clip(tmp_path / "tokenizer.json")
    theirs = CLIPTokenizerFast(tokenizer_file=str(path))
    texts = ["a cat", "BELLS' bell", "cat-cat 12", "", "e\u0301t\u00e9 \u732b"]
    wanted = theirs(texts, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
    tokens = Tokens(path)
    assert tokens(texts, padding=tokens.end).tolist() == wanted.tolist()
    assert tokens(["cat"])[0, :5].tolist() == [tokens.begin, tokens.pairs.token_to_id("cat</w>"), tokens.end, 0, 0]


def test_a_long_sentence_loses_its_end_and_not_the_end_token(tmp_path: Path) -> None:
    tokens = Tokens(bytes_of_clip(tmp_path / "tokenizer.json"))
    (row,) = tokens(["cat " * 100]).tolist()
    assert (row[0], row[-1], len(row)) == (tokens.begin, tokens.end, 77)
    assert set(row[1:-1]) == {tokens.pairs.token_to_id("cat</w>")}


def test_what_cannot_be_read_is_named(given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = clap.give(tmp_path / "foreign", monkeypatch)
    with pytest.raises(WeightsError, match="get it anew"):
        find("clip-score", Given(weights={"clip": foreign["clap"]})).measure(film())
    with pytest.raises(WeightsError, match="get CLIP's tokenizer"):
        Tokens(tmp_path / "foreign" / "clap")
    with pytest.raises(WeightsError, match="cannot be read as a tokenizer"):
        Tokens(tmp_path)
    silent = Clip(None, np.zeros((1, 100), np.float32), Fraction(8), 16_000)
    with pytest.raises(MediaError, match="no picture"):
        find("clip-score", given).measure(Subject("film", silent, "a cat"))


def test_without_a_sentence_a_clip_does_not_count(given: Given) -> None:
    assert find("clip-score", given).measure(film(prompt=None)) is None


GOLDEN_SENTENCE = [0.061897, -0.167753, 0.295504, -0.343053]
GOLDEN_FRAMES = [0.043821, -0.089341, 0.065334, -0.218365]
