"""Files to and from :class:`Clip`; knows nothing of learning."""

from phonofilm.media.clip import Clip
from phonofilm.media.probe import MediaInfo, probe
from phonofilm.media.read import read
from phonofilm.media.write import write

__all__ = ["Clip", "MediaInfo", "probe", "read", "write"]
