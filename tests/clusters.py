"""Ray clusters of several nodes on this machine."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from platform import machine
from typing import Any

import pytest

WHEELS = {("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"), ("win32", "amd64")}
"""Systems and processors that Ray is published for."""
UNWANTED = ("include_dashboard", "include_log_monitor")
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_agent_register_timeout_ms": "180000",  # on a busy machine programs take time to start
}


@dataclass
class Nodes:
    """A running cluster.

    Attributes:
        cluster: Ray's handle of it.
    """

    cluster: Any

    @property
    def address(self) -> str:
        return self.cluster.address

    def complete(self) -> None:
        """Start the second node, if it is not there; each has one CPU."""
        if not self.cluster.worker_nodes:
            _start(self.cluster, num_cpus=1)

    def lose(self) -> None:
        """Kill the second node."""
        (node,) = self.cluster.worker_nodes
        self.cluster.remove_node(node, allow_graceful=False)


@contextmanager
def two_nodes() -> Iterator[Nodes]:
    """A cluster that ends with the block, and leaves nothing."""
    utils = _cluster_utils()
    folder = tempfile.mkdtemp(prefix="ray")  # short: sockets with long names cannot be made
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        patch.setitem(sys.modules, "ray.dashboard.optional_deps", None)  # plain Ray, also where more is installed
        head = {"num_cpus": 1, "temp_dir": folder, **dict.fromkeys(UNWANTED, False), "no_monitor": True}
        nodes = Nodes(utils.Cluster())
        try:
            _start(nodes.cluster, **head)
            nodes.complete()
            yield nodes
        finally:
            nodes.cluster.shutdown()
            shutil.rmtree(folder, ignore_errors=True)


def _cluster_utils() -> Any:
    """Ray's module for clusters of several nodes.

    The ``dev`` extra installs Ray, so where it is missing although it could be there, tests must not pass over that.
    """
    if (sys.platform, machine().lower()) not in WHEELS:
        pytest.skip(f"Ray has no wheels for {sys.platform} on {machine()}")
    try:
        from ray import cluster_utils
    except ImportError as error:
        pytest.fail(f"Ray, which the dev extra installs, is missing ({error}): run make dev")
    return cluster_utils


def _start(cluster: Any, **settings: Any) -> None:
    """Add a node; on a busy machine Ray gives up before it is there, and another try is quicker."""
    for tries_left in (2, 1, 0):
        try:
            cluster.add_node(**settings)
            return
        except Exception:  # Ray raises nothing narrower
            if not tries_left:
                raise
