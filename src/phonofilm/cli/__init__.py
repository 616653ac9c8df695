"""The command line: one thin file per verb. It parses, calls the library and prints; it never computes."""

from phonofilm.cli.app import main

__all__ = ["main"]
