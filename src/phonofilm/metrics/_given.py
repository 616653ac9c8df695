"""What a user hands to metrics: a codec, the weights of published networks, and a device to run them on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from phonofilm.codecs.base import Codec
from phonofilm.errors import SettingError, WeightsError
from phonofilm.media.digest import file_sha256, sha256

HUB = "hf://"
DIGITS = 12
"""Of a checksum, as it is shown."""
FETCHED = ("*.json", "*.txt", "*.safetensors", "*.bin")
"""What is fetched of a repository that is named without a file: no other formats of the same weights."""


@dataclass(frozen=True)
class Published:
    """Weights of others, as their authors gave them out.

    Attributes:
        name: what users call them: ``--weights NAME=PATH``.
        what: the network and what it was trained on.
        home: where they can be had.
        licence: of the weights, with what it forbids where it forbids something.
        sha256: of the file, or as many of its first digits as its authors state; "" where they state none.
    """

    name: str
    what: str
    home: str
    licence: str
    sha256: str = ""

    @property
    def terms(self) -> str:
        """Licence, and how far a file is held against what was published."""
        unsure = "" if self.sha256 else "; no checksum is known: any file of the right shapes is taken"
        return f"{self.licence}{unsure}"


@dataclass(frozen=True)
class Opened:
    """Published weights that lie on this machine.

    Attributes:
        published: what they are.
        path: a file; or a folder, as model hubs hand them out.
        digest: SHA-256 of the file, or of the names and hashes of all files of the folder.
    """

    published: Published
    path: Path
    digest: str

    @property
    def id(self) -> str:
        """Name and digest, for records."""
        return f"{self.published.name}-{self.digest[:DIGITS]}"


@dataclass(frozen=True)
class Given:
    """What metrics may be built with.

    Attributes:
        codec: whose latents are compared.
        weights: by the name of :class:`Published`: a path; or ``hf://owner/name`` or ``hf://owner/name/file``, which is
            fetched from the Hugging Face hub. No hub is reached for anything else.
        device: networks of others run there, as torch names it.
    """

    codec: Codec | None = None
    weights: Mapping[str, str] = field(default_factory=dict)
    device: str = "cpu"

    def codec_for(self, metric: str) -> Codec:
        """The codec.

        Raises:
            SettingError: if there is none.
        """
        if self.codec is None:
            raise SettingError(
                f"{metric} works on the latents of a codec: name the model whose codec it shall be (--codec MODEL)"
            )
        return self.codec

    def has(self, needed: tuple[Published, ...]) -> bool:
        """Whether all these weights were given."""
        return all(one.name in self.weights for one in needed)

    def open(self, published: Published) -> Opened:
        """Weights that the user named, found and checked.

        Raises:
            SettingError: if the user named none.
            WeightsError: if there are none at their place, or others than were published.
        """
        if published.name not in self.weights:
            raise SettingError(
                f"the weights {published.name} ({published.what}) are needed: get them from {published.home} "
                f"(licence: {published.licence}) and name their place, --weights {published.name}=PATH"
            )
        path = _place(self.weights[published.name])
        try:
            digest = _digest(path)
        except OSError as error:
            raise WeightsError(
                f"the weights {published.name} cannot be read at {path} ({error.strerror}): get them from "
                f"{published.home}"
            ) from error
        if not digest.startswith(published.sha256):
            raise WeightsError(
                f"{path} is not what was published as {published.name}: its SHA-256 starts with "
                f"{digest[:DIGITS]}, not {published.sha256[:DIGITS]}; get it anew from {published.home}"
            )
        return Opened(published, path, digest)


def _place(named: str) -> Path:
    """The path that was named, or that a hub's files were fetched to."""
    if not named.startswith(HUB):
        return Path(named)
    from huggingface_hub import hf_hub_download, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    owner, _, rest = named.removeprefix(HUB).partition("/")
    name, _, file = rest.partition("/")
    try:
        return Path(
            hf_hub_download(f"{owner}/{name}", file)
            if file
            else snapshot_download(f"{owner}/{name}", allow_patterns=list(FETCHED))
        )
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise WeightsError(f"{named} cannot be fetched ({error}): look at its name and at the network") from error


def _digest(path: Path) -> str:
    if path.is_dir():
        files = sorted(one for one in path.rglob("*") if one.is_file())
        return sha256("\n".join(f"{one.relative_to(path).as_posix()} {_file_digest(one)}" for one in files).encode())
    return _file_digest(path)


def _file_digest(path: Path) -> str:
    told = path.stat()
    return _read_digest(path, told.st_size, told.st_mtime_ns)


@cache
def _read_digest(path: Path, size: int, changed: int) -> str:
    """Read once a process, as long as the file stays: several metrics share weights of gigabytes."""
    return file_sha256(path)
