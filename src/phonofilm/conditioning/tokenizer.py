"""A byte-pair tokenizer for a small vocabulary, and the words that its model has seen."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

WORD = re.compile(r"(?:[^\W\d_]|')+|\d+")
"""Letters of any script, or digits."""

# RoBERTa's order of special tokens: the audio text encoder (CLAP) counts positions from its padding index.
END_OF_WORD = "</w>"
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
PRIVATE = 0xF0000
"""Where Unicode leaves signs to everyone's own use: as many as there are common letters."""
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")


def words(text: str) -> list[str]:
    """The lower-case words of a text, in order, with characters as the tokenizer normalizes them."""
    return WORD.findall(unicodedata.normalize("NFKC", text).lower())


def train_tokenizer(captions: Iterable[str], vocabulary: int = 768, max_tokens: int = 32) -> PreTrainedTokenizerFast:
    """Train a byte-pair tokenizer on captions.

    Args:
        captions: training texts.
        vocabulary: most tokens it may learn, special ones included.
        max_tokens: length that texts are padded and cut to, begin and end token included.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    begin, pad, end, unknown = SPECIAL
    tokenizer = Tokenizer(models.BPE(unk_token=unknown, end_of_word_suffix=END_OF_WORD))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=list(LETTERS),
        show_progress=False,
    )
    learner = Tokenizer(models.BPE(unk_token=unknown))
    learner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    plain = (tokenizer.normalizer.normalize_str(caption) for caption in captions)
    split = (tokenizer.pre_tokenizer.pre_tokenize_str(caption) for caption in plain)
    learner.train_from_iterator((" ".join(_marked(word) for word, _ in found) for found in split), trainer)
    learned = json.loads(learner.to_str())["model"]
    vocab = {_unmarked(token): number for token, number in learned["vocab"].items()}
    merges = [(_unmarked(one), _unmarked(other)) for one, other in learned["merges"]]
    tokenizer.model = models.BPE(vocab=vocab, merges=merges, unk_token=unknown, end_of_word_suffix=END_OF_WORD)
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}", special_tokens=[(begin, 0), (end, 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=begin,
        eos_token=end,
        pad_token=pad,
        unk_token=unknown,
        model_max_length=max_tokens,
    )


def _marked(word: str) -> str:
    """A word whose last letter is another sign than elsewhere.

    The trainer has a setting for that, but then numbers such letters by a hash table whose order changes from run to
    run, and breaks ties by these numbers: equal seeds would not give equal models.
    """
    return word[:-1] + chr(PRIVATE + ord(word[-1]))


def _unmarked(token: str) -> str:
    """What a token of marked words stands for."""
    last = ord(token[-1]) - PRIVATE
    return token[:-1] + chr(last) + END_OF_WORD if last > 0 else token


def seen_words(captions: Iterable[str], at_least: int = 1) -> list[str]:
    """The words that stand at least ``at_least`` times in the captions, sorted."""
    counts: Counter[str] = Counter()
    for caption in captions:
        counts.update(words(caption))
    return sorted(word for word, count in counts.items() if count >= at_least)
