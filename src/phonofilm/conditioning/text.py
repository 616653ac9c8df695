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
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn
from torch.nn import functional

from phonofilm.conditioning.tokenizer import words
from phonofilm.errors import SettingError, WeightsError
from phonofilm.pair import AV

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


class TextConfig(BaseModel):
    """Sizes of the two text networks.

    Attributes:
        vocabulary: number of tokens.
        max_tokens: texts are padded and cut to this length, begin and end token included.
        width: hidden width of both networks, and the length of the pooled vector.
        layers: transformer layers of each.
        heads: attention heads of each.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    vocabulary: int
    max_tokens: int = 32
    width: int = 128
    layers: int = 2
    heads: int = 4


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
        self.video = _clip_text(config)
        self.audio = _clap_text(config)

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
            length = len(self.tokenizer.backend_tokenizer.encode(text).ids)
            if length > self.config.max_tokens:
                raise SettingError(
                    f"the prompt is too long: {length - 2} tokens where this model reads {self.max_words}; "
                    f"shorten it: {_shortened(text)!r}"
                )
        batch = self.tokenizer(
            list(texts), padding="max_length", max_length=self.config.max_tokens, return_tensors="pt"
        )
        device = next(self.parameters()).device
        return batch["input_ids"].to(device), batch["attention_mask"].to(device)

    def forward(self, tokens: Tensor, mask: Tensor) -> AV[Tensor]:
        """Conditioning of tokens: see :meth:`encode`."""
        return AV(self.video_states(tokens, mask), self.audio_vector(tokens, mask))

    def video_states(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """CLIP's last hidden states ``(text, max_tokens, width)``."""
        return self.video(input_ids=tokens, attention_mask=mask).last_hidden_state

    def audio_vector(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """CLAP's projected text embedding ``(text, width)`` of unit length."""
        return functional.normalize(self.audio(input_ids=tokens, attention_mask=mask).text_embeds, dim=-1)

    def encode(self, texts: Sequence[str]) -> AV[Tensor]:
        """Conditioning for texts: video ``(text, max_tokens, width)``, audio ``(text, width)``."""
        return self(*self.tokens(texts))

    def null(self, batch: int) -> AV[Tensor]:
        """Conditioning of the empty text, which stands for "no prompt" in training and guidance."""
        return self.encode([""]).map(lambda states: states.expand(batch, *states.shape[1:]))

    def unknown_words(self, text: str) -> list[str]:
        """Words of the text that the training captions never held, in order, each once."""
        if not self.known_words:
            return []
        return [word for word in dict.fromkeys(words(text)) if word not in self.known_words]

    def describe(self) -> dict[str, Any]:
        """What :meth:`rebuild` needs beside the weights; JSON-serialisable."""
        return {
            "config": self.config.model_dump(),
            "known_words": sorted(self.known_words),
            "tokenizer": json.loads(self.tokenizer.backend_tokenizer.to_str()),
        }

    @classmethod
    def rebuild(cls, description: dict[str, Any]) -> TextEncoder:
        """An encoder with fresh weights from what :meth:`describe` gave."""
        from tokenizers import Tokenizer
        from transformers import PreTrainedTokenizerFast

        from phonofilm.conditioning.tokenizer import SPECIAL

        config = TextConfig.model_validate(description["config"])
        begin, pad, end, unknown = SPECIAL
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=Tokenizer.from_str(json.dumps(description["tokenizer"])),
            bos_token=begin,
            eos_token=end,
            pad_token=pad,
            unk_token=unknown,
            model_max_length=config.max_tokens,
        )
        return cls(config, tokenizer, description["known_words"])


def load_description(path: str | Path) -> dict[str, Any]:
    """Read the JSON that :meth:`TextEncoder.describe` wrote.

    Raises:
        WeightsError: if the file is missing or damaged.
    """
    try:
        return json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path} is not a text encoder's description ({error}); download the model again") from error


def drop_texts(texts: Sequence[str], rate: float, generator: torch.Generator) -> list[str]:
    """Replace each text by the empty one with probability ``rate``, independently (guidance needs the null)."""
    kept = torch.rand(len(texts), generator=generator) >= rate
    return [text if keep else "" for text, keep in zip(texts, kept.tolist(), strict=True)]


def _shortened(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _clip_text(config: TextConfig) -> nn.Module:
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=config.vocabulary,
            hidden_size=config.width,
            intermediate_size=4 * config.width,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            max_position_embeddings=config.max_tokens,
            bos_token_id=0,
            pad_token_id=1,
            eos_token_id=2,
        )
    )


def _clap_text(config: TextConfig) -> nn.Module:
    from transformers import ClapTextConfig, ClapTextModelWithProjection

    return ClapTextModelWithProjection(
        ClapTextConfig(
            vocab_size=config.vocabulary,
            hidden_size=config.width,
            intermediate_size=4 * config.width,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            # RoBERTa numbers positions from the padding index + 1.
            max_position_embeddings=config.max_tokens + 2,
            projection_dim=config.width,
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
