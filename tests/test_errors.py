"""What errors say."""

from __future__ import annotations

import pytest

from phonofilm.errors import unknown_name


@pytest.mark.parametrize(("name", "near"), [("silents", "silence"), ("sync-eror", "sync-error"), ("fvd", None)])
def test_only_names_that_are_near_are_offered(name: str, near: str | None) -> None:
    said = str(unknown_name("metric", name, ["fd-mbv2", "silence", "sync-error"]))
    assert said.startswith(f"unknown metric {name!r}: {f'did you mean {near!r}? ' if near else ''}known: ")
