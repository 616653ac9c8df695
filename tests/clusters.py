"""Ray clusters of several nodes on this machine."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

UNWANTED = ("include_dashboard", "include_log_monitor")
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_raylet_start_wait_time_s": "180",  # a node starts several programs: on a busy machine they take time
    "RAY_agent_register_timeout_ms": "180000",
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
            self.cluster.add_node(num_cpus=1)

    def lose(self) -> None:
        """Kill the second node."""
        (node,) = self.cluster.worker_nodes
        self.cluster.remove_node(node, allow_graceful=False)


@contextmanager
def two_nodes() -> Iterator[Nodes]:
    """A cluster that ends with the block, and leaves nothing."""
    utils = pytest.importorskip("ray.cluster_utils")
    from ray._private import services

    folder = tempfile.mkdtemp(prefix="ray")  # short: sockets with long names cannot be made
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        patch.setitem(sys.modules, "ray.dashboard.optional_deps", None)  # plain Ray, also where more is installed
        patch.setattr(services, "get_node", _patient(services.get_node))
        head = {"num_cpus": 1, "temp_dir": folder, **dict.fromkeys(UNWANTED, False), "no_monitor": True}
        nodes = Nodes(utils.Cluster())
        try:
            nodes.cluster.add_node(**head)
            nodes.complete()
            yield nodes
        finally:
            nodes.cluster.shutdown()
            shutil.rmtree(folder, ignore_errors=True)


def _patient(get_node: Callable[..., Any]) -> Callable[..., Any]:
    """The same, which waits for a node as long as the settings allow: Ray gives up after half a minute."""

    def wait(*arguments: Any) -> Any:
        end = time.monotonic() + float(SETTINGS["RAY_raylet_start_wait_time_s"])
        while True:
            try:
                return get_node(*arguments)
            except RuntimeError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    return wait
