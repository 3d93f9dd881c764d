"""What makes a bench's numbers."""

from typing import Any

from gzssar.provenance import source_hash, versions

DECISIVE = ("bench", "decision", "evaluation", "experiment", "features", "methods", "texts", "splits.py", "running.py")
"""The parts of the package that decide about a bench's numbers: a change of the others leaves cells as they are."""


def program() -> dict[str, Any]:
    """What made the numbers: versions, and a hash of the decisive source."""
    return {"versions": versions(), "source": source_hash(*DECISIVE)}
