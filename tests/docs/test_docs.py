"""The documentation is run and its links are followed."""

from __future__ import annotations

import doctest
import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import torch

from phonofilm import metrics
from phonofilm.cli import main
from phonofilm.cli.generate import generate
from phonofilm.diffusion.samplers import SAMPLERS
from phonofilm.models import FamilyNetwork, catalogue, families

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("src/**/*.md")]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")

# What is left to continuous integration itself, or needs a network.
ELSEWHERE = {"git", "make", "."}
# Every command runs as it stands but for its size.
QUICKER = {
    "generate": ["--steps", "2"],
    "train": ["clips=4", "batch=2", "validate_every=0"],
    "prepare clapperboard": ["--count", "3"],
}


def blocks(language: str, text: str) -> Iterator[str]:
    return (body for found, body in BLOCK.findall(text) if found == language)


def commands(text: str) -> list[list[str]]:
    lines = [line for body in blocks("sh", text) for line in body.splitlines()]
    return [words for words in (shlex.split(line, comments=True) for line in lines) if words]


def status(arguments: list[str]) -> object:
    try:
        main(arguments)
    except SystemExit as end:
        return end.code or 0
    return 0


def quick(words: list[str]) -> list[str]:
    return words if "--from" in words else [*words, *QUICKER.get(words[0], []), *QUICKER.get(" ".join(words[:2]), [])]


@pytest.mark.skipif(catalogue()["svg-tiny"].folder is None, reason="svg-tiny's weights are not in this checkout")
def test_the_readme_runs_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    ran = []
    for words in commands(text):
        program = words[0]
        if program in ELSEWHERE:
            continue
        assert program == "phonofilm", f"the readme calls {program}, which nothing checks"
        assert status(quick(words[1:])) == 0, f"{shlex.join(words)}: {capsys.readouterr().err}"
        ran.append(words[1])
    assert {"generate", "train", "score", "prepare", "plot", "models"} <= set(ran)
    assert "bit for bit" in capsys.readouterr().out
    for body in blocks("python", text):
        exec(compile(body, "README.md", "exec"), {})  # noqa: S102, the readme is our own
    for name in ("hit.mp4", "hit.json", "hit.png", "again.mp4", "dubbed.png", "scores.json", "x.mp4", "mine.mp4"):
        assert (tmp_path / name).stat().st_size > 0


def test_the_page_on_scoring_runs_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "docs" / "score.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for words in commands(text):
        assert status(quick(words[1:])) == 0, f"{shlex.join(words)}: {capsys.readouterr().err}"
    for body in blocks("python", text):
        exec(compile(body, "score.md", "exec"), {})  # noqa: S102, the page is our own
    assert "event-f1-125ms not told apart" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {
        *(f"ours.{ending}" for ending in ("json", "md", "csv", "png")),
        *("theirs.json", "again.json", "both.md", "comparison.json", "comparison.md"),
    }
    for body in blocks("json", text):
        assert set(json.loads(body)) == {"file", "caption"}


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for page in PAGES for name in re.findall(r"`?\bmake (\w+)`", page.read_text(encoding="utf-8"))}
    named |= {words[1] for words in commands((ROOT / "README.md").read_text(encoding="utf-8")) if words[0] == "make"}
    assert {"demo", "test", "lint"} <= named
    assert named <= targets


def test_the_family_of_the_guide_is_one() -> None:
    text = (ROOT / "docs" / "add-a-model.md").read_text(encoding="utf-8")
    (body,) = (body for body in blocks("python", text) if "FAMILY = " in body)
    made: dict[str, Any] = {}
    exec(compile(body, "add-a-model.md", "exec"), made)  # noqa: S102, the guide is our own
    own, ours = made["FAMILY"], families()["svg"]
    assert (own.name, own.config, own.presets["tiny"].shape) == (ours.name, ours.config, ours.presets["tiny"].shape)
    with torch.device("meta"):
        assert isinstance(own.build(own.presets["tiny"].config), FamilyNetwork)


def test_the_guide_names_what_training_from_nothing_asks_of_a_family() -> None:
    text = (ROOT / "docs" / "add-a-model.md").read_text(encoding="utf-8")
    asked = set(re.findall(r"\brecipes\.(\w+)", (ROOT / "src/phonofilm/training/plan.py").read_text(encoding="utf-8")))
    asked -= {"py"}
    assert asked >= {"RECIPES", "coupled", "uncoupled"}
    assert [name for name in asked if f"{name}(" not in text and f"{name}:" not in text] == []


SRC = ROOT / "src"
WITH_EXAMPLES = [
    ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted(SRC.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_in_docstrings_give_what_they_say(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0


def test_docstrings_with_examples_are_found() -> None:
    assert {"phonofilm.metrics", "phonofilm.data.clapperboard"} <= set(WITH_EXAMPLES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    lost = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert lost == []


def test_the_link_check_can_fail() -> None:
    assert LINK.findall("[a](b/c.md) ![d](e.svg#f) [g](https://h)") == ["b/c.md", "e.svg"]


@pytest.mark.skipif(catalogue()["svg-tiny"].folder is None, reason="svg-tiny's weights are not in this checkout")
def test_the_readme_counts_the_words_that_the_shipped_model_knows() -> None:
    folder = catalogue()["svg-tiny"].folder
    assert folder is not None
    known = json.loads((folder / "text" / "text.json").read_text(encoding="utf-8"))["known_words"]
    stated = re.search(r"It knows (\d+)\s+words", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert stated is not None
    assert int(stated[1]) == len(known)


def test_the_help_names_every_sampler() -> None:
    """The command's help is written by hand, so that it starts without torch."""
    (option,) = get_type_hints(generate, include_extras=True)["sampler"].__metadata__
    assert set(re.findall(r"[\w-]+", option.help)) - {"or"} == set(SAMPLERS)


def test_contributing_names_folders_and_tests_that_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    tests = {name for line in re.findall(r"`\.venv/bin/pytest ([^`]+)`", text) for name in line.split()}
    assert len(tests) >= 6
    assert [name for name in tests if not (ROOT / name).is_dir()] == []
    folders = re.findall(r"`(src/phonofilm/[\w/.]+)`", text)
    assert folders
    assert [name for name in folders if not (ROOT / name).exists()] == []


def test_no_path_of_any_one_machine_stands_in_the_repository() -> None:
    """Home and working folders of whoever wrote a file are nobody else's."""
    pattern = re.compile(r"(?<![\w.])/(?:" + "|".join(("work", "root", "home", "Users")) + r")/\w")
    folders = ("src", "tests", "docs", "bench", "examples", ".ci")
    files = [
        path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".md", ".json", "")
    ]
    texts = {
        path: path.read_text(encoding="utf-8", errors="replace")
        for path in [*files, *ROOT.glob("*.*")]
        if path.is_file()
    }
    assert len(texts) > 50
    assert [str(path) for path, text in texts.items() if pattern.search(text)] == []


def test_the_guide_to_metrics_is_followed_word_for_word(tmp_path: Path) -> None:
    """The file that it shows is put where it says, in a copy of the project, and its commands are given there."""
    text = (ROOT / "docs" / "add-a-metric.md").read_text(encoding="utf-8")
    for folder in ("src", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, copy_function=os.symlink)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    places = re.findall(r"Put this into `(.+?)`", text)
    for place, body in zip(places, blocks("python", text), strict=True):
        (tmp_path / place).write_text(body, encoding="utf-8")
    programs = {"phonofilm": [sys.executable, "-m", "phonofilm"], "pytest": [sys.executable, "-m", "pytest"]}
    said = ""
    for words in commands(text):
        ran = subprocess.run(
            [*programs[words[0]], *words[1:]],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": "src"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ran.returncode == 0, f"{shlex.join(words)}: {ran.stdout}{ran.stderr}"
        said += ran.stdout
    assert "sudden-light@1" in said and "1 passed" in said


def test_the_kinds_that_the_guide_to_metrics_names_can_be_imported() -> None:
    text = (ROOT / "docs" / "add-a-metric.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE)
    assert len(named) > 5
    assert set(named) <= set(metrics.__all__)
    assert "._" not in "".join(blocks("python", text)), "what the guide imports is public"
