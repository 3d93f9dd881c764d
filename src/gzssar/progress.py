"""How long work tells how far it is: callables that a caller passes in, or None."""

from collections.abc import Callable

Steps = Callable[[int, int], None]
"""Told (done, total) steps."""

Progress = Callable[[str, int, int], None]
"""Told (what, done, total)."""
