"""Processes of their own read strangers' files: one that takes too long is ended, and one that takes too much memory
fails by itself."""

import atexit
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from shutil import copyfileobj
from typing import Protocol, runtime_checkable

from gzssar.errors import DataError, GzssarError
from gzssar.folders import lock
from gzssar.skeletons.poses import FindPoses
from gzssar.skeletons.readers import ReadOptions
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.web.limits import MIB, Limits
from gzssar.web.uploads import ending, is_video, read_file, shown_name

_PREFIX = "gzssar-uploads-"
_LOOK_S = 0.05
"""How often a thread that waits for a process asks whether anybody still waits for the answer."""
_FORKS = "forkserver" in multiprocessing.get_all_start_methods()
_CONTEXT = multiprocessing.get_context("forkserver") if _FORKS else multiprocessing.get_context("spawn")


@runtime_checkable
class Upload(Protocol):
    """What came with a request."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""
        ...


ReadFile = Callable[[Path, str, ReadOptions, int | None, Limits, FindPoses | None], SkeletonSequence]


class Readers:
    """Reads uploads, each in a process, from files in a folder that goes with the server.

    Args:
        limits: how large an upload may be, and how much memory it may take.
        find_poses: what finds people in videos, which may take more memory; None where these are refused.
        read: reads a file; it is for a process of its own, which has to find it by its name.
    """

    def __init__(self, limits: Limits, find_poses: FindPoses | None = None, read: ReadFile = read_file) -> None:
        self._limits, self._read, self._find_poses = limits, read, find_poses
        if _FORKS:
            _CONTEXT.set_forkserver_preload(["__main__", "gzssar.web.uploads"])  # a process is there in milliseconds
        self._folder: Path | None = None
        self._lock = threading.Lock()
        self._running: set[BaseProcess] = set()
        self._locks = ExitStack()

    def read(
        self, file: Upload, name: str, options: ReadOptions, index: int | None, check: Callable[[], None]
    ) -> SkeletonSequence:
        """Read the one clip of an upload; nothing of the file is left afterwards.

        Args:
            file: what was uploaded.
            name: what the visitor calls it; it never becomes a path.
            options: how to read it.
            index: which clip, where the file holds several.
            check: raises where nobody waits for the answer any more; the process is ended then.

        Raises:
            GzssarError: no reader knows it, it is damaged, it takes too much memory, or it holds several clips and none
                was chosen.
        """
        shown = shown_name(name)
        with self._kept(file, ending(shown)) as path:
            answer = self._ask(path, shown, options, index, check)
        if isinstance(answer, SkeletonSequence):
            return answer
        kind, sentence, option = answer
        raise kind(sentence, option=option)

    def close(self) -> None:
        """End what is at work, and remove the folder; a file that comes later makes a new one."""
        with self._lock:
            folder, self._folder = self._folder, None
            running = list(self._running)
            self._locks.close()
        for process in running:
            process.kill()
        if folder:
            shutil.rmtree(folder, ignore_errors=True)

    def _made_folder(self) -> Path:
        """A folder that is locked as long as this process lives; those of servers that were killed are removed."""
        sweep()
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._locks.enter_context(lock(folder, wait=True))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return folder

    @contextmanager
    def _kept(self, file: Upload, suffix: str) -> Iterator[Path]:
        with self._lock:
            if self._folder is None or not self._folder.is_dir():
                self._folder = self._made_folder()
            folder = self._folder
        number, name = tempfile.mkstemp(prefix="upload-", suffix=suffix, dir=folder)
        try:
            with os.fdopen(number, "wb") as target:
                copyfileobj(file, target, MIB)
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def _ask(
        self, path: Path, shown: str, options: ReadOptions, index: int | None, check: Callable[[], None]
    ) -> "SkeletonSequence | Refusal":
        ours, theirs = _CONTEXT.Pipe(duplex=False)
        process = _CONTEXT.Process(
            target=_work,
            args=(theirs, self._read, path, shown, options, index, self._limits, self._find_poses),
            name="gzssar-reader",
            daemon=True,
        )
        with self._lock:
            process.start()
            self._running.add(process)
        theirs.close()
        try:
            while not wait([ours, process.sentinel], timeout=_LOOK_S):
                check()
            answer: SkeletonSequence | Refusal = ours.recv()
            return answer
        except (EOFError, OSError):  # it ended before its answer, or in the middle of it
            return DataError, f"{shown} should hold a skeleton clip, but reading it failed: save it again.", None
        finally:
            process.kill()
            process.join()
            ours.close()
            with self._lock:
                self._running.discard(process)


Refusal = tuple[type[GzssarError], str, str | None]
"""An error on its way from one process to the other: its kind, its sentence and the option that it is about."""


def sweep() -> None:
    """Remove the folders of servers that were killed: nobody holds a lock on them."""
    for folder in sorted(Path(tempfile.gettempdir()).glob(f"{_PREFIX}*")):
        with lock(folder, wait=False) as ours:
            if ours:
                shutil.rmtree(folder, ignore_errors=True)


def _work(
    answer: Connection,
    read: ReadFile,
    path: Path,
    shown: str,
    options: ReadOptions,
    index: int | None,
    limits: Limits,
    find_poses: FindPoses | None,
) -> None:
    """What a process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this process
    video = find_poses is not None and is_video(path)
    most = limits.max_video_reading_bytes if video else limits.reading_bytes(path.stat().st_size)
    bound_memory(most)
    with suppress(BrokenPipeError):
        try:
            answer.send(read(path, shown, options, index, limits, find_poses))
        except GzssarError as error:
            answer.send((type(error), str(error), error.option))
        except MemoryError:
            advice = "a shorter video" if video else "fewer or shorter clips, or an uncompressed file"
            sentence = f"{shown} should be read in {most // MIB} MiB of memory, but it takes more: send {advice}."
            answer.send((DataError, sentence, None))


def bound_memory(most: int) -> None:
    """Let the address space of this process grow by so many bytes at most.

    Nothing happens where the system has no /proc (macOS, Windows), or where the process may have no more anyway.

    Args:
        most: bytes.
    """
    with suppress(ImportError, OSError, ValueError):
        import resource

        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (taken + most, hard))
