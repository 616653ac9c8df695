"""What is measured of a clip without any weights; one module for each family of measures, found by its name."""

from phonofilm.data.ingest.measures._find import find, measures, names
from phonofilm.data.ingest.measures._meter import Absent, Measure, Meter, Value, Window

__all__ = ["Absent", "Measure", "Meter", "Value", "Window", "find", "measures", "names"]
