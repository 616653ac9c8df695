"""``python -m phonofilm`` is the ``phonofilm`` command."""

from phonofilm.cli import main

main()
