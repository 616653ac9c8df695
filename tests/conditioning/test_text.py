"""Text conditioning: deterministic, self-describing, honest about what it cannot read."""

import json
import re

import pytest
import torch

from phonofilm.conditioning.text import TextConfig, TextEncoder, drop_texts
from phonofilm.conditioning.tokenizer import seen_words, train_tokenizer
from phonofilm.errors import SettingError, WeightsError
from phonofilm.pair import AV

CAPTIONS = ["a drumstick hits a metal pipe twice", "a glass ball bounces on wood", "leaves rustle, once"] * 5

# A tokenizer of somebody else: a word is a token.
OTHER = {"type": "WordLevel", "vocab": {"a": 0, "b": 1}, "unk_token": "a"}


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    torch.manual_seed(3)
    tokenizer = train_tokenizer(CAPTIONS, max_tokens=12)
    config = TextConfig(vocabulary=len(tokenizer), max_tokens=12, width=20, layers=1, heads=5)
    return TextEncoder(config, tokenizer, seen_words(CAPTIONS)).eval()


def test_shapes_and_unit_length(encoder: TextEncoder) -> None:
    states = encoder.encode(["a glass ball", "wood", ""])
    assert states.video.shape == (3, 12, 20)
    assert states.audio.shape == (3, 20)
    torch.testing.assert_close(states.audio.norm(dim=-1), torch.ones(3))


def test_a_text_does_not_depend_on_its_batch(encoder: TextEncoder) -> None:
    texts = ["a glass ball bounces", "wood", "a drumstick hits leaves"]
    together, alone = encoder.encode(texts), [encoder.encode([text]) for text in texts]
    torch.testing.assert_close(together.video, torch.cat([one.video for one in alone]))
    torch.testing.assert_close(together.audio, torch.cat([one.audio for one in alone]))


def test_null_is_the_empty_text_and_differs_from_any_other(encoder: TextEncoder) -> None:
    null, empty, text = encoder.null(2), encoder.encode([""]), encoder.encode(["wood"])
    assert null.video.shape[0] == 2 and torch.equal(null.audio[1:], empty.audio)
    assert not torch.allclose(empty.audio, text.audio)


def test_description_survives_json_and_gives_the_same_encoder(encoder: TextEncoder) -> None:
    again = TextEncoder.rebuild(json.loads(json.dumps(encoder.describe())))
    again.load_state_dict(encoder.state_dict())
    again.eval()
    ours, theirs = encoder.encode(["a Metal pipe"]), again.encode(["a Metal pipe"])
    assert torch.equal(ours.video, theirs.video) and torch.equal(ours.audio, theirs.audio)
    assert again.known_words == encoder.known_words


def test_each_side_has_its_own_width(encoder: TextEncoder) -> None:
    config = encoder.config.model_copy(update={"width": AV(15, 25)})
    states = TextEncoder(config, encoder.tokenizer).eval().encode(["a glass ball", "wood"])
    assert states.map(lambda side: side.shape) == AV((2, 12, 15), (2, 25))
    again = TextEncoder.rebuild(json.loads(json.dumps(TextEncoder(config, encoder.tokenizer).describe())))
    assert again.config == config


def test_a_description_with_one_width_for_both_still_loads(encoder: TextEncoder) -> None:
    row = json.loads(json.dumps(encoder.describe()))
    row["config"]["width"] = 20
    assert TextEncoder.rebuild(row).config.width == AV(20, 20)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda row: row.clear(), "damaged at config"),
        (lambda row: row.update(colour="red"), "damaged at colour"),
        (lambda row: row.update(known_words=5), "damaged at known_words"),
        (lambda row: row["config"].update(width=21), "21 is not a multiple of 5 heads"),
        (lambda row: row["config"].update(width={"video": 20}), r"damaged at config\.width"),
        (lambda row: row["config"].update(layers=0), r"damaged at config\.layers"),
        (lambda row: row["config"].update(vocabulary=3), "for a vocabulary of 3"),
        (lambda row: row.update(tokenizer={}), "tokenizer cannot be read"),
        (lambda row: row["tokenizer"].update(model={"type": "BPE", "vocab": 3}), "tokenizer cannot be read"),
        (lambda row: row["tokenizer"].update(added_tokens=[], model=OTHER), "does not begin with <s>"),
    ],
)
def test_a_damaged_description_is_named(encoder: TextEncoder, change, complaint: str) -> None:
    row = json.loads(json.dumps(encoder.describe()))
    change(row)
    with pytest.raises(WeightsError, match=rf"text\.json .*{complaint}"):
        TextEncoder.rebuild(row, "text.json")


@pytest.mark.parametrize("row", [[], None, "text", 5])
def test_a_description_is_a_record(row) -> None:
    with pytest.raises(WeightsError, match="damaged"):
        TextEncoder.rebuild(row)


def test_case_and_punctuation_do_not_make_unknown_words(encoder: TextEncoder) -> None:
    assert encoder.unknown_words("A GLASS ball; bounces!") == []
    assert encoder.unknown_words("a purple ball sings, purple") == ["purple", "sings"]


@pytest.mark.parametrize(
    "text", ["wood " * 11, "a glass ball bounces on " * 9, "  xylophones, hit  twice; " * 3, "wood, " * 40]
)
def test_an_over_long_prompt_fits_once_shortened_as_the_error_says(encoder: TextEncoder, text: str) -> None:
    with pytest.raises(SettingError, match=r"line 3 is too long: shorten it by (\d+) of its (\d+) words") as caught:
        encoder.check_length(text, "line 3")
    excess, count = (int(number) for number in re.findall(r"\d+", str(caught.value))[1:3])
    assert count == len(text.split())
    kept = text.split()[: count - excess]
    encoder.check_length(" ".join(kept))
    with pytest.raises(SettingError, match="the prompt is too long"):
        encoder.encode([" ".join(text.split()[: len(kept) + 1])])


def test_one_over_long_word_is_measured_in_letters(encoder: TextEncoder) -> None:
    text = "q" * 50
    with pytest.raises(SettingError, match="shorten it by 40 of its 50 letters"):
        encoder.check_length(text)
    encoder.check_length(text[:10])


def test_a_text_of_the_most_words_is_read(encoder: TextEncoder) -> None:
    encoder.encode(["wood " * encoder.max_words])


@pytest.mark.parametrize(
    ("text", "known"), [("purple WOOD", True), (".", False), ("木 🔨", False), ("", False), ("zebra", False)]
)
def test_whether_any_word_is_known(encoder: TextEncoder, text: str, known: bool) -> None:
    assert encoder.knows_any(text) is known
    assert TextEncoder(encoder.config, encoder.tokenizer).knows_any(text)


def test_drop_is_per_sample_and_at_the_given_rate() -> None:
    dropped = drop_texts(["x"] * 5000, 0.1, torch.Generator().manual_seed(1))
    assert 0.08 < dropped.count("") / 5000 < 0.12
    assert drop_texts(["x"] * 7, 0.0, torch.Generator()) == ["x"] * 7
