from __future__ import annotations

import re

import pytest

from phonofilm.conditioning.tokenizer import SPECIAL, WORD, seen_words, train_tokenizer, words
from phonofilm.data.clapperboard import sample_scene
from phonofilm.models import catalogue, load

CAPTIONS = [sample_scene(seed).caption for seed in range(300)]
ENGLISH = re.compile(r"[a-z']+|[0-9]+")
"""What a word was when the weights that ship were trained."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's 3 o'clock, re-do_it!", ["it's", "3", "o'clock", "re", "do", "it"]),
        ("ガラスの玉が跳ねる", ["ガラスの玉が跳ねる"]),
        ("Стекло, café; ÜBER 12٣", ["стекло", "café", "über", "12٣"]),
        ("\uff22\uff41\uff4c\uff4c", ["ball"]),
        ("cafe\u0301", ["café"]),
        ("... — !?", []),
        ("", []),
    ],
)
def test_words_of_every_script(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_english_words_are_what_they_were() -> None:
    for caption in [*CAPTIONS, "A_b c'd 'e' 12ab34 x-y \t\n,;"]:
        assert WORD.findall(caption.lower()) == words(caption) == ENGLISH.findall(caption.lower())


@pytest.mark.skipif(catalogue()["svg-tiny"].folder is None, reason="svg-tiny's weights are not in this checkout")
def test_the_model_that_ships_knows_every_word_of_its_captions() -> None:
    text = load("svg-tiny").text
    assert [word for word in seen_words(CAPTIONS) if word not in text.known_words] == []
    assert text.unknown_words("ガラスの玉が跳ねる") == ["ガラスの玉が跳ねる"]


def test_equal_captions_give_equal_tokens_with_equal_numbers() -> None:
    captions = [sample_scene(seed).caption for seed in range(50)]
    first, second = (train_tokenizer(captions).get_vocab() for _ in range(2))
    assert first == second
    assert [first[token] for token in SPECIAL] == [0, 1, 2, 3]
    assert sorted(first.values()) == list(range(len(first)))
