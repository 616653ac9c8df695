"""Clips in shards: packing them, encoding them beside, and reading windows of them for training."""
