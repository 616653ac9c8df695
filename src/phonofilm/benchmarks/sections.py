"""Results in a Markdown file: each benchmark owns the section between its two marks, and replaces nothing else."""

from __future__ import annotations

from pathlib import Path

from phonofilm.errors import MediaError
from phonofilm.media.atomic import write_atomically


def write_section(path: Path, name: str, body: str) -> Path:
    """Replace the section of a benchmark; a file without one gets it at its end.

    Args:
        path: Markdown file; begun anew if it does not exist.
        name: of the benchmark, unique in the file.
        body: Markdown.

    Raises:
        MediaError: if the file cannot be read or written, or has one of the two marks only.
    """
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else "# Results\n"
    except (OSError, UnicodeDecodeError) as error:
        raise MediaError(f"cannot read {path} ({error}): name a Markdown file") from error
    return write_atomically(path, replaced(text, name, body, path).encode(), force=True)


def replaced(text: str, name: str, body: str, source: Path) -> str:
    """The text with the section's new body; ``source`` is named in errors."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    section = f"{begin}\n{body.strip()}\n{end}"
    if (text.count(begin), text.count(end)) == (0, 0):
        return f"{text.rstrip()}\n\n{section}\n"
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found or text.count(begin) > 1:
        raise MediaError(f"{source} has {begin} without one {end} after it: mend the marks, or delete them")
    return before + section + after
