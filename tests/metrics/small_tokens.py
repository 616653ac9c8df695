"""Tokenizers of single bytes, as small as there are."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, RobertaTokenizerFast

ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())
MERGES = [("c", "a"), ("ca", "t</w>"), ("b", "e"), ("be", "l"), ("bel", "l</w>")]
SIZE = 2 * len(ALPHABET) + len(MERGES) + 2


def bytes_of_roberta() -> PreTrainedTokenizerFast:
    """RoBERTa's special tokens and single bytes."""
    names = ["<s>", "<pad>", "</s>", "<unk>", *ALPHABET, "<mask>"]
    return RobertaTokenizerFast(vocab={name: place for place, name in enumerate(names)}, merges=[])


def bytes_of_clip(path: Path) -> Path:
    """CLIP's special tokens and single bytes, and merges that make "cat" and "bell", as a ``tokenizer.json``."""
    names = [*ALPHABET, *(f"{one}</w>" for one in ALPHABET), *("".join(pair) for pair in MERGES)]
    names += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {name: place for place, name in enumerate(names)}
    made = Tokenizer(
        models.BPE(
            vocabulary, MERGES, unk_token="<|endoftext|>", end_of_word_suffix="</w>", continuing_subword_prefix=""
        )
    )
    made.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    pieces = Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(pieces, "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    made.decoder = decoders.ByteLevel()
    end, begin = vocabulary["<|endoftext|>"], vocabulary["<|startoftext|>"]
    made.post_processor = processors.RobertaProcessing(("<|endoftext|>", end), ("<|startoftext|>", begin), False, False)
    made.save(str(path))
    return path
