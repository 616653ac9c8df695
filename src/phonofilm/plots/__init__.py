"""Figures: JSON and clips to pictures. Imports no torch."""
