"""What all commands say in the same way: progress, warnings, clips that were left out, and exit codes."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Timer

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from gzssar import running
from gzssar.printable import printable

FOUND_SOMETHING = 1
USAGE_ERROR = 2
INTERRUPTED = 130
PIPE_CLOSED = 141

_PATIENCE = 2.0
"""Seconds of waiting that need no bar."""
_MOST_NAMED = 5
"""Malformed clips that are named one by one."""


@contextmanager
def progress_bar() -> Iterator[running.Progress]:
    """Progress bars on stderr: what is done, how far, for how long and how long yet; nothing without a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("elapsed,"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield tell


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """A bar on stderr, from two seconds on, for work that cannot tell how far it is; nothing without a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn(), TextColumn("elapsed"))
    bar = Progress(*columns, console=console, transient=True)
    bar.add_task(printable(what), total=None)
    patience = Timer(_PATIENCE, bar.start)
    patience.start()
    try:
        yield
    finally:
        patience.cancel()
        patience.join()
        bar.stop()


def warn(sentence: str) -> None:
    """Say something on stderr."""
    print(f"gzssar: {printable(sentence)}", file=sys.stderr, flush=True)


def say(sentence: str) -> None:
    """Say something on stdout in which others' text may stand: names of files, clips and classes."""
    print(printable(sentence))


def name_malformed(reasons: Mapping[str, str]) -> None:
    """Say which clips were left out, and why: the first ones by name."""
    for name, reason in list(reasons.items())[:_MOST_NAMED]:
        say(f"left out {name}: {reason}")
    if len(reasons) > _MOST_NAMED:
        print(f"left out {len(reasons)} malformed clips in all")
