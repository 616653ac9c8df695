"""Joining a Ray cluster: by its address, within seconds or with a sentence that says why not."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from phonofilm.errors import SettingError

ANSWER = 10.0
"""Seconds that a cluster has to answer the first knock."""
LATEST = Path("/tmp/ray/ray_current_cluster")
"""Where Ray notes the address of the cluster that this machine joined last."""


@contextmanager
def joined(address: str, workers: int = 0) -> Iterator[None]:
    """A block in which this process belongs to a Ray cluster.

    Args:
        address: ``local`` starts a cluster on this machine, which ends with the block; ``auto`` finds the one that
            this machine belongs to; ``HOST:PORT`` names one that it belongs to, ``ray://HOST:PORT`` any other.
        workers: CPUs of a local cluster; 0: those of this machine.

    Raises:
        SettingError: if Ray is not installed, or the cluster does not answer.
    """
    ray = library()
    _knock(address)
    own: dict[str, object] = {}
    if address == "local":
        own = {"include_dashboard": False, "num_cpus": workers or None}
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it tells nobody of itself
    try:
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False, **own)
    except Exception as error:
        said = " ".join(str(error).split()) or type(error).__name__
        start = "RAY_AUTH_MODE=disabled ray start --head" if address.startswith("ray://") else "ray start --head"
        raise SettingError(f"no Ray cluster at {address} ({said}): start one with {start}") from error
    try:
        yield
    finally:
        ray.shutdown()


def library() -> ModuleType:
    """Ray itself, which takes seconds to import.

    Raises:
        SettingError: if it is not installed.
    """
    try:
        import ray
    except ImportError as error:
        raise SettingError('Ray is not installed: run pip install "phonofilm[ray]"') from error
    return ray


def _knock(address: str) -> None:
    """Nothing if somebody answers at an address: Ray itself would try for minutes, and then end this process."""
    if address == "local":
        return
    if address == "auto":
        noted = LATEST.read_text(encoding="utf-8").strip() if LATEST.is_file() else ""
        address = os.environ.get("RAY_ADDRESS") or noted
        if not address:
            return  # Ray looks for processes of a cluster, and says at once if there are none
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        raise SettingError(f"--ray {address} is no address: write auto, local, HOST:PORT or ray://HOST:PORT")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER).close()
    except (OSError, OverflowError) as error:
        raise SettingError(
            f"no Ray cluster answers at {address} ({error}): start one with ray start --head, or check the address"
        ) from error
