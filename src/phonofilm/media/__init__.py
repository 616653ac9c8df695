"""Files to and from :class:`Clip`; knows nothing of learning."""

from phonofilm.media.clip import Clip

__all__ = ["Clip"]
