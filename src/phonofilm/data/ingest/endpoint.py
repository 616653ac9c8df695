"""Captions by a model behind an OpenAI-compatible address (vLLM, llama.cpp, Ollama, a hosted service).

The address, the model and what it is asked are the user's; nothing is sent anywhere else. Answers are kept clip by
clip, so an interrupted run asks nothing twice.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Literal
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from pydantic import Field

from phonofilm.data.ingest.look import SPEECH_RATE, data_url, jpeg, pictures, sound, wav
from phonofilm.data.ingest.rows import ClipRow, Positive, Row
from phonofilm.data.ingest.words import NoWordsError, Uncaptioned
from phonofilm.errors import MediaError, SettingError, StorageError
from phonofilm.media.atomic import make_folder, write_atomically
from phonofilm.media.digest import sha256

PROMPT = (
    "These pictures are taken at equal distances from one short film. Describe in one plain sentence what happens "
    "and what can be heard. Answer with that sentence alone."
)
PASSING = frozenset((408, 409, 425, 429, 500, 502, 503, 504, 529))
"""HTTP answers that say: not now."""
REFUSED = frozenset((400, 413, 415, 422, 451))
"""HTTP answers about this one question; others (a wrong key, no such address) are about all of them."""
LONGEST_PAUSE = 60.0


class Endpoint(Row):
    """A model to be asked.

    Attributes:
        url: of the interface, up to and with ``/v1``.
        model: its name there.
        key: name of the environment variable that holds the key; nothing is sent if that is not set.
        prompt: what is asked.
        frames: pictures sent of each clip.
        height: of each in pixels.
        sound: send the sound too, as 16 kHz WAV on one channel, for models that hear.
        tokens: longest answer.
        attempts: how often a question is asked before the run ends.
        pause: seconds before the second attempt; each further pause is twice as long.
        timeout: seconds to wait for an answer.
    """

    kind: Literal["endpoint"] = "endpoint"
    url: str = Field(pattern=r"^https?://[^/]+")
    model: str = Field(min_length=1)
    key: str = "OPENAI_API_KEY"
    prompt: str = PROMPT
    frames: Positive = 8
    height: Positive = 256
    sound: bool = False
    tokens: Positive = 120
    attempts: Positive = 5
    pause: float = Field(default=1.0, ge=0)
    timeout: float = Field(default=120.0, gt=0)

    @property
    def asks(self) -> str:
        """A digest of all that an answer depends on beside the clip."""
        fields = self.model_dump(mode="json", exclude={"key", "attempts", "pause", "timeout"})
        return sha256(json.dumps(fields, sort_keys=True).encode())[:16]

    @property
    def origin(self) -> str:
        """Who says so."""
        return self.model

    def files(self, film: Uncaptioned) -> Iterator[Path]:
        """None: the film alone decides."""
        yield from ()

    def text(self, film: Uncaptioned, clip: ClipRow) -> str:
        """What the model says of a clip, in one line; asked if it did not say so before.

        Raises:
            NoWordsError: if it says nothing of this clip, or the clip cannot be read.
            SettingError: if it cannot be asked at all.
        """
        answers = Answers(film.answers)
        known = answers.get(self, clip.clip_id)
        if known is not None:
            return known
        try:
            body = question(self, film, clip)
        except StorageError:
            raise
        except MediaError as error:
            raise NoWordsError(f"{self.model} was not asked: {error}") from error
        text = ask(self, body)
        answers.keep(self, clip.clip_id, text)
        return text


@dataclass(frozen=True)
class Answers:
    """What a model said already.

    Attributes:
        folder: with a file for each clip; ``None``: nothing is kept.
    """

    folder: Path | None

    def get(self, endpoint: Endpoint, clip_id: str) -> str | None:
        """The answer about a clip; ``None`` if it was not asked, or the file is damaged."""
        if self.folder is None:
            return None
        try:
            return json.loads(self._path(endpoint, clip_id).read_bytes())["text"]
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, endpoint: Endpoint, clip_id: str, text: str) -> None:
        """Write an answer."""
        if self.folder is not None:
            path = self._path(endpoint, clip_id)
            make_folder(path.parent)
            data = json.dumps({"clip_id": clip_id, "model": endpoint.model, "text": text}).encode()
            write_atomically(path, data, force=True)

    def _path(self, endpoint: Endpoint, clip_id: str) -> Path:
        assert self.folder is not None
        return self.folder / endpoint.asks / f"{clip_id}.json"


def question(endpoint: Endpoint, film: Uncaptioned, clip: ClipRow) -> dict[str, Any]:
    """The body of the request: the prompt, then the clip's pictures in their order, then its sound.

    Raises:
        MediaError: if the film is damaged.
    """
    seen = pictures(film.place, film.row, clip.span, endpoint.frames, endpoint.height)
    urls = [data_url("image/jpeg", jpeg(picture)) for picture in seen]
    content: list[dict[str, Any]] = [
        {"type": "text", "text": endpoint.prompt},
        *({"type": "image_url", "image_url": {"url": url}} for url in urls),
    ]
    if endpoint.sound and clip.span.samples:
        heard = wav(sound(film.place, film.row, clip.span, SPEECH_RATE), SPEECH_RATE)
        encoded = base64.b64encode(heard).decode()
        content.append({"type": "input_audio", "input_audio": {"data": encoded, "format": "wav"}})
    messages = [{"role": "user", "content": content}]
    return {"model": endpoint.model, "messages": messages, "max_tokens": endpoint.tokens, "temperature": 0}


def ask(endpoint: Endpoint, body: Mapping[str, Any]) -> str:
    """Ask, again after a pause if the answer is "not now".

    Raises:
        NoWordsError, SettingError: see :meth:`Endpoint.text`.
    """
    pause, trouble = endpoint.pause, ""
    for attempt in range(endpoint.attempts):
        if attempt:
            time.sleep(min(pause, LONGEST_PAUSE))
            pause *= 2
        try:
            return _said(endpoint, _posted(endpoint, body))
        except HTTPError as error:
            trouble = f"HTTP {error.code}: {_first_line(error)}"
            if error.code in REFUSED:
                raise NoWordsError(f"{endpoint.model} refused the clip ({trouble})") from error
            if error.code not in PASSING:
                raise _unusable(endpoint, trouble) from error
            pause = max(pause, _wanted_pause(error))
        except (OSError, HTTPException) as error:
            trouble = str(error) or type(error).__name__
    raise _unusable(endpoint, f"{trouble}, {endpoint.attempts} times")


class _Stay(HTTPRedirectHandler):
    """Follows nowhere: a key must not travel to an address that the user did not name."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _posted(endpoint: Endpoint, body: Mapping[str, Any]) -> bytes:
    headers = {"Content-Type": "application/json"}
    secret = os.environ.get(endpoint.key)
    if secret:
        headers["Authorization"] = f"Bearer {secret}"
    request = Request(f"{endpoint.url.rstrip('/')}/chat/completions", json.dumps(body).encode(), headers)
    with build_opener(_Stay).open(request, timeout=endpoint.timeout) as answer:
        return answer.read()


def _said(endpoint: Endpoint, answer: bytes) -> str:
    """The text of an answer, on one line."""
    try:
        choice = json.loads(answer)["choices"][0]
        content = choice["message"]["content"]
    except (ValueError, LookupError, TypeError) as error:
        raise _unusable(endpoint, "its answer has no choices[0].message.content") from error
    if isinstance(content, list):
        content = "".join(part.get("text", "") for part in content)
    text = " ".join((content or "").split())
    if not text:
        why = choice["message"].get("refusal") or choice.get("finish_reason") or "an empty answer"
        raise NoWordsError(f"{endpoint.model} said nothing of the clip ({why})")
    return text


def _wanted_pause(error: HTTPError) -> float:
    try:
        return float(error.headers.get("Retry-After", 0))
    except ValueError:  # a date
        return 0.0


def _first_line(error: HTTPError) -> str:
    try:
        text = error.read(500).decode("utf-8", "replace")
    except (OSError, HTTPException):
        text = ""
    return " ".join(text.split())[:200] or str(error.reason)


def _unusable(endpoint: Endpoint, why: str) -> SettingError:
    return SettingError(
        f"{endpoint.url} gives no captions ({why}): check the address, the model {endpoint.model!r} and the key in "
        f"${endpoint.key}, then run the same command again, which asks nothing twice"
    )
