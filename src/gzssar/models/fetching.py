"""Brings models into the cache, from their address or from a folder; what is not of the known SHA-256 is not kept."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

from gzssar.errors import DataError
from gzssar.files import output, require_writable, writing
from gzssar.folders import walk
from gzssar.models.cache import folder_of, is_file, lacking
from gzssar.models.registry import Model, ModelFile
from gzssar.running import Progress

_CHUNK = 2**16
"""Bytes between two looks at the progress."""
_TIMEOUT = 30
"""Seconds without a byte after which a download fails."""


def fetch(
    model: Model, cache: Path | None = None, source: Path | None = None, progress: Progress | None = None
) -> tuple[Path, ...]:
    """Get the files of a model into the cache. Files that are there stay, so a call after a failure gets only the rest.

    Args:
        model: the model.
        cache: the package's cache; None for :func:`~gzssar.files.cache_root`.
        source: a folder that holds the files, at any depth and with any names; None to download them.
        progress: called with the number of bytes that have come.

    Returns:
        The paths of the files, in the model's order.

    Raises:
        ConfigError: there is no folder for the cache, because there is no home folder.
        DataError: a file cannot be downloaded or has another hash; it is not kept.
        OutputError: the cache cannot be written.
    """
    folder, wanted = folder_of(model, cache), lacking(model, cache)
    if source is not None and not source.is_dir():
        raise DataError(f"{source} should be a folder that holds the files of {model.name}, but it is not a folder.")
    if wanted:
        require_writable(folder)
    before, total = 0, sum(one.size for one in wanted)

    def tell(done: int) -> None:
        if progress:
            progress(f"fetching {model.name}", before + done, total)

    with output(folder):
        for one in wanted:
            if source is None:
                _download(model, one, folder, tell)
            else:
                _copy(model, one, source, folder)
            before += one.size
            tell(0)
    return tuple(folder / one.name for one in model.files)


def _download(model: Model, file: ModelFile, folder: Path, tell: Callable[[int], None]) -> None:
    """Download one file; what is not whole, or has another hash, is discarded."""
    import requests

    url, digest = model.address + file.name, hashlib.sha256()
    remedy = f"try again, or fetch it in another way and name its folder: gzssar models get {model.name} --from FOLDER"
    try:
        with requests.get(url, stream=True, timeout=_TIMEOUT) as response, writing(folder / file.name) as copy:
            response.raise_for_status()
            for chunk in response.iter_content(_CHUNK):
                copy.write(chunk)
                digest.update(chunk)
                if copy.tell() > file.size:
                    break
                tell(copy.tell())
            if digest.hexdigest() != file.sha256:
                raise DataError(
                    f"{url} should have the SHA-256 {file.sha256}, but the download has another one and was "
                    f"discarded: {remedy}."
                )
    except requests.RequestException as error:
        status = getattr(error.response, "status_code", None)
        reason = f"the server answers {status}" if status else type(error).__name__
        raise DataError(f"{url} cannot be downloaded ({reason}): {remedy}.") from error


def _copy(model: Model, file: ModelFile, source: Path, folder: Path) -> None:
    """Copy one file from a folder, where its content tells which it is."""
    found = next((path for path in sorted(walk(source)) if is_file(path, file)), None)
    if found is None:
        other = next((path for path in walk(source) if path.name == file.name), None)
        reason = f"{other} has another SHA-256 than {file.sha256}" if other else "no file there is this one"
        raise DataError(
            f"{source} should hold {file.name} of {model.name}, but {reason}: fetch it from {model.address}{file.name}."
        )
    with writing(folder / file.name) as copy, found.open("rb") as original:
        shutil.copyfileobj(original, copy)
