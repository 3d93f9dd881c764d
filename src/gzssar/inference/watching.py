"""A folder that fills up: which of its files are complete and have not been answered yet. Plain polling."""

from pathlib import Path

from gzssar.skeletons.readers.registry import list_files

_Look = tuple[int, int, int]
"""Size in bytes, time of the last change in nanoseconds, and the file's number: another one was renamed in."""


class Watch:
    """Looks at a folder and at all below it, again and again.

    A file is complete when two looks in a row find it alike. Hidden ones are overlooked: what is written beside its
    target and renamed onto it is seen when it is whole.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before: dict[Path, _Look] = {}
        self._handed_out: dict[Path, _Look] = {}
        self._done: set[Path] = set()
        self._named: set[str] = set()

    def look(self) -> list[Path]:
        """Find the files that are complete now, in natural order.

        A file comes once; one that was not :meth:`done` comes again when it has changed and is at rest again.
        """
        now = {path: look for path in list_files(self._folder) if path not in self._done and (look := _look(path))}
        complete = [
            path
            for path, look in now.items()
            if self._before.get(path) == look and self._handed_out.get(path) != look and look[0] > 0
        ]
        self._before = now
        self._handed_out = {path: look for path, look in self._handed_out.items() if path in now}
        self._handed_out |= {path: now[path] for path in complete}
        return complete

    def done(self, path: Path) -> None:
        """Never hand out this file again."""
        self._done.add(path)

    def first_complaint(self, name: str) -> bool:
        """Whether nothing has been said about this file or clip yet; it has now."""
        new = name not in self._named
        self._named.add(name)
        return new


def _look(path: Path) -> _Look | None:
    try:
        status = path.stat()
    except OSError:  # gone since it was listed
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino
