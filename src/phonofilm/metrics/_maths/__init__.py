"""Arithmetic that metrics share: distances, matches, resampling. It knows no clips."""
