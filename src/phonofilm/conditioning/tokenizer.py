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
    tokenizer = Tokenizer(models.BPE(unk_token=unknown, end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        end_of_word_suffix="</w>",
        initial_alphabet=list("abcdefghijklmnopqrstuvwxyz0123456789"),
        show_progress=False,
    )
    tokenizer.train_from_iterator(captions, trainer)
    tokenizer = Tokenizer.from_str(_numbered(tokenizer.to_str()))
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


def _numbered(trained: str) -> str:
    """The same tokenizer with its tokens numbered by what they are.

    The trainer's own numbers follow a hash table whose order changes from run to run, and with them would which
    embedding a token gets: equal seeds would not give equal models.
    """
    stated = json.loads(trained)
    model = stated["model"]
    merged = ["".join(pair) for pair in model["merges"]]
    letters = sorted(model["vocab"].keys() - {*merged, *SPECIAL})
    order = dict.fromkeys((*SPECIAL, *letters, *merged))
    model["vocab"] = {token: number for number, token in enumerate(order)}
    return json.dumps(stated)


def seen_words(captions: Iterable[str], at_least: int = 1) -> list[str]:
    """The words that stand at least ``at_least`` times in the captions, sorted."""
    counts: Counter[str] = Counter()
    for caption in captions:
        counts.update(words(caption))
    return sorted(word for word, count in counts.items() if count >= at_least)
