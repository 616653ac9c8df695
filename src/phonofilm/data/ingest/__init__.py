"""Long films to exact training clips: each stage a function of one source file, its results on disk."""
