"""Published networks that look and listen, frozen: a file each, with its preprocessing and the way to load it."""
