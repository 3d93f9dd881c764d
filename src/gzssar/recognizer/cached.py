"""Recognizers that are made on first use, and then kept in the package's cache."""

import shutil
from collections.abc import Callable
from contextlib import suppress

from gzssar.errors import DataError, OutputError
from gzssar.files import cache_root
from gzssar.provenance import source_hash
from gzssar.recognizer.recognizer import Recognizer


def made_once(
    name: str, data: str, make: Callable[[], Recognizer], say: Callable[[str], None] | None = None
) -> Recognizer:
    """The recognizer of a name: read from the cache, or made.

    Args:
        name: of its folder in the cache, which ends in a hash of the package's source and of `data`.
        data: a file of the package that it is made from, beside the source.
        make: makes it.
        say: told where it will be kept, before it is made; "" where there is no cache.
    """
    root = cache_root()
    folder = root / "models" / f"{name}-{source_hash('.', data)[:12]}" if root else None
    if folder:
        with suppress(DataError):
            return Recognizer.load(folder)
    if say:
        say(str(folder or ""))
    recognizer = make()
    if not folder:
        return recognizer
    shutil.rmtree(folder, ignore_errors=True)  # what does not load
    with suppress(OutputError):  # an unwritable cache costs time, never a run
        recognizer.save(folder)
    return recognizer
