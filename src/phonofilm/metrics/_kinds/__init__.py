"""Kinds of metrics: what definitions that differ in their features alone have in common."""
