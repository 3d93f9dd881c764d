"""How many answers each kind of doubt concerns. Clips of one source are mostly doubted alike, so each is told once."""

import sys
from collections.abc import Sequence

from gzssar.printable import printable
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.oddities import counted
from gzssar.skeletons.recordings import Tally, count_doubts, doubt_told


class Doubted:
    """Counts doubts, and tells each kind of them once."""

    def __init__(self) -> None:
        self._tally: Tally = {}
        self._total = 0
        self._told: set[str] = set()

    def add(self, name: str, warning: Sequence[Doubt]) -> None:
        """Count one more answer."""
        self._total += 1
        count_doubts(self._tally, name, warning)

    def tell(self, unit: str) -> None:
        """Say on stderr what was not said yet.

        Args:
            unit: what is answered, "clip" or "segment".
        """
        for code, found in self._tally.items():
            if code not in self._told:
                alone = f"{found['first']}: {found['sentence']}"
                some = doubt_told(code, found, f"{found['clips']} of {counted(self._total, unit)}")
                print(f"gzssar: {printable(alone if self._total == 1 else some)}", file=sys.stderr)
        self._told.update(self._tally)
