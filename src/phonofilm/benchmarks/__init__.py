"""Whole comparisons: models side by side on the same prompts and seeds, with chance and ceiling beside them."""
