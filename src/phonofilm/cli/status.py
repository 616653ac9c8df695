"""What the command's exit status says."""

USAGE = 2
"""Every mistake that a user can mend."""
TOO_BAD = 3
"""More films are bad than were allowed, or a clip is not what it should be."""
INTERRUPTED = 130
"""Ctrl-C ended the command, as shells have it."""
