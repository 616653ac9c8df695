"""Text encoders: CLIP token states for the picture, a pooled CLAP vector for the sound.

This is the text conditioning of AnimateDiff and AudioLDM, so of the SVG baseline (arXiv 2409.17550, section
3): the picture network attends to CLIP's last hidden states, the sound network adds CLAP's L2-normalised
text embedding to its time embedding. Small models train both encoders with their base networks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from pydantic import BaseModel, ConfigDict, PositiveInt, ValidationError, field_validator, model_validator
from torch import Tensor, nn
from torch.nn import functional

from phonofilm.conditioning.tokenizer import SPECIAL, words
from phonofilm.errors import SettingError, WeightsError
from phonofilm.pair import AV
from phonofilm.weights import UNFIT

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


class TextConfig(BaseModel):
    """Sizes of the two text networks.

    Attributes:
        vocabulary: number of tokens.
        max_tokens: texts are padded and cut to this length, begin and end token included.
        width: hidden width of each network, on the sound's side also the length of the pooled vector; a multiple
            of ``heads``. One number stands for both sides.
        layers: transformer layers of each.
        heads: attention heads of each.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    vocabulary: PositiveInt
    max_tokens: PositiveInt = 32
    width: AV[PositiveInt] = AV(128, 128)
    layers: PositiveInt = 2
    heads: PositiveInt = 4

    @field_validator("width", mode="before")
    @classmethod
    def _same(cls, width: Any) -> Any:
        return AV.both(width) if isinstance(width, int) else width

    @model_validator(mode="after")
    def _heads_fit(self) -> TextConfig:
        for width in self.width:
            if width % self.heads:
                raise ValueError(f"width {width} is not a multiple of {self.heads} heads")
        return self


class _Description(BaseModel):
    """What :meth:`TextEncoder.describe` gives."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    config: TextConfig
    known_words: list[str]
    tokenizer: dict[str, Any]


class TextEncoder(nn.Module):
    """Texts to conditioning.

    Args:
        config: sizes.
        tokenizer: shared by both networks; one text gives the same tokens to both.
        known_words: words of the training captions; empty means that every word is known.
    """

    def __init__(self, config: TextConfig, tokenizer: PreTrainedTokenizerFast, known_words: Sequence[str] = ()) -> None:
        super().__init__()
        self.config = config
        self.tokenizer = tokenizer
        self.known_words = frozenset(known_words)
        self.video = _clip_text(config, config.width.video)
        self.audio = _clap_text(config, config.width.audio)

    @property
    def max_words(self) -> int:
        """A prompt of this many known words always fits."""
        return self.config.max_tokens - 2

    def tokens(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Token indices and mask, each int64 ``(text, max_tokens)``.

        Raises:
            SettingError: if a text is longer than the encoder can read.
        """
        for text in texts:
            self.check_length(text)
        batch = self.tokenizer(
            list(texts), padding="max_length", max_length=self.config.max_tokens, return_tensors="pt"
        )
        device = next(self.parameters()).device
        return batch["input_ids"].to(device), batch["attention_mask"].to(device)

    def check_length(self, text: str, name: str = "the prompt") -> None:
        """Refuse a text that would be cut.

        Args:
            text: to be read whole.
            name: what to call it.

        Raises:
            SettingError: if it is longer than the encoder can read.
        """
        places = self.tokenizer.backend_tokenizer.encode(text).offsets
        if len(places) > self.config.max_tokens:
            end = places[self.max_words][1]  # the begin token is one more
            raise SettingError(f"{name} is too long: shorten it by {_excess(text, end)}: {_shortened(text)}")

    def forward(self, tokens: Tensor, mask: Tensor) -> AV[Tensor]:
        """Conditioning of tokens: see :meth:`encode`."""
        return AV(self.video_states(tokens, mask), self.audio_vector(tokens, mask))

    def video_states(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """CLIP's last hidden states ``(text, max_tokens, width.video)``."""
        return self.video(input_ids=tokens, attention_mask=mask).last_hidden_state

    def audio_vector(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """CLAP's projected text embedding ``(text, width.audio)`` of unit length."""
        return functional.normalize(self.audio(input_ids=tokens, attention_mask=mask).text_embeds, dim=-1)

    def encode(self, texts: Sequence[str]) -> AV[Tensor]:
        """Conditioning for texts: video ``(text, max_tokens, width.video)``, audio ``(text, width.audio)``."""
        return self(*self.tokens(texts))

    def null(self, batch: int) -> AV[Tensor]:
        """Conditioning of the empty text, which stands for "no prompt" in training and guidance."""
        return self.encode([""]).map(lambda states: states.expand(batch, *states.shape[1:]))

    def unknown_words(self, text: str) -> list[str]:
        """Words of the text that the training captions never held, in order, each once."""
        if not self.known_words:
            return []
        return [word for word in dict.fromkeys(words(text)) if word not in self.known_words]

    def knows_any(self, text: str) -> bool:
        """Whether the training captions held any word of the text."""
        return not self.known_words or not self.known_words.isdisjoint(words(text))

    def describe(self) -> dict[str, Any]:
        """What :meth:`rebuild` needs beside the weights; JSON-serialisable."""
        return {
            "config": self.config.model_dump(),
            "known_words": sorted(self.known_words),
            "tokenizer": json.loads(self.tokenizer.backend_tokenizer.to_str()),
        }

    @classmethod
    def rebuild(cls, description: Any, source: str | Path = "a text encoder's description") -> TextEncoder:
        """An encoder with fresh weights from what :meth:`describe` gave.

        Args:
            description: as read from JSON.
            source: where it came from, for the error.

        Raises:
            WeightsError: if it describes no text encoder.
        """
        try:
            stated = _Description.model_validate(description)
            return cls(stated.config, _tokenizer(stated), stated.known_words)
        except ValidationError as error:
            first = error.errors()[0]
            reason = f"{'.'.join(str(step) for step in first['loc'])}: {first['msg']}"
            raise WeightsError(f"{source} is damaged at {reason}; download the model again") from error
        except UNFIT as error:
            raise WeightsError(f"{source} makes no text encoder ({error}); download the model again") from error


def load_description(path: str | Path) -> dict[str, Any]:
    """Read the JSON that :meth:`TextEncoder.describe` wrote.

    Raises:
        WeightsError: if the file is missing or damaged.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightsError(f"cannot read {path} ({error.strerror}); download the model again") from error
    except ValueError as error:
        raise WeightsError(f"{path} is not a text encoder's description ({error}); download the model again") from error


def drop_texts(texts: Sequence[str], rate: float, generator: torch.Generator) -> list[str]:
    """Replace each text by the empty one with probability ``rate``, independently (guidance needs the null)."""
    kept = torch.rand(len(texts), generator=generator) >= rate
    return [text if keep else "" for text, keep in zip(texts, kept.tolist(), strict=True)]


def _excess(text: str, end: int) -> str:
    """How much of a text must go if no more than ``text[:end]`` is read: whole words, or letters of a single one."""
    within_word = not text[end - 1 : end].isspace() and not text[end : end + 1].isspace()
    kept, count = len(text[:end].split()) - within_word, len(text.split())
    if kept < 1:
        return f"{len(text) - end} of its {len(text)} letters"
    return f"{count - kept} of its {count} words"


def _shortened(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _tokenizer(description: _Description) -> PreTrainedTokenizerFast:
    """The stored tokenizer; raises ``ValueError`` if it is none, or not one of this encoder."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    try:
        stored = Tokenizer.from_str(json.dumps(description.tokenizer))
    except Exception as error:  # the tokenizers package raises nothing narrower
        raise ValueError(f"its tokenizer cannot be read: {error}") from error
    if [stored.token_to_id(token) for token in SPECIAL] != list(range(len(SPECIAL))):
        raise ValueError(f"its tokenizer does not begin with {', '.join(SPECIAL)}")
    if stored.get_vocab_size() > description.config.vocabulary:
        raise ValueError(f"{stored.get_vocab_size()} tokens for a vocabulary of {description.config.vocabulary}")
    begin, pad, end, unknown = SPECIAL
    return PreTrainedTokenizerFast(
        tokenizer_object=stored,
        bos_token=begin,
        eos_token=end,
        pad_token=pad,
        unk_token=unknown,
        model_max_length=description.config.max_tokens,
    )


def _clip_text(config: TextConfig, width: int) -> nn.Module:
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=config.vocabulary,
            hidden_size=width,
            intermediate_size=4 * width,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            max_position_embeddings=config.max_tokens,
            bos_token_id=0,
            pad_token_id=1,
            eos_token_id=2,
        )
    )


def _clap_text(config: TextConfig, width: int) -> nn.Module:
    from transformers import ClapTextConfig, ClapTextModelWithProjection

    return ClapTextModelWithProjection(
        ClapTextConfig(
            vocab_size=config.vocabulary,
            hidden_size=width,
            intermediate_size=4 * width,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            # RoBERTa numbers positions from the padding index + 1.
            max_position_embeddings=config.max_tokens + 2,
            projection_dim=width,
            # The pooled vector is one token's: at the usual 1.0 a small fresh encoder gives all texts the same
            # vector (cosine 0.998), the network learns it as a constant, and text is never heard.
            initializer_factor=4.0,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            pad_token_id=1,
            bos_token_id=0,
            eos_token_id=2,
        )
    )
