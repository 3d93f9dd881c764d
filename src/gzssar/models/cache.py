"""Where the files of models lie: the folder ``models/NAME`` of the package's cache."""

from pathlib import Path

from gzssar.errors import ConfigError, DataError
from gzssar.files import cache_root, hash_file
from gzssar.models.registry import Model, ModelFile


def folder_of(model: Model, cache: Path | None = None) -> Path:
    """Where a model's files lie.

    Args:
        model: the model.
        cache: the package's cache; None is :func:`~gzssar.files.cache_root`.

    Raises:
        ConfigError: there is no cache, since there is no home.
    """
    root = cache or cache_root()
    if root is None:
        raise ConfigError(
            "models need a cache folder, but this user has no home folder: name a folder in the variable GZSSAR_CACHE."
        )
    return root / "models" / model.name


def lacking(model: Model, cache: Path | None = None) -> tuple[ModelFile, ...]:
    """The files of a model that are missing in the cache or damaged; the arguments are those of :func:`folder_of`."""
    folder = folder_of(model, cache)
    return tuple(one for one in model.files if not is_file(folder / one.name, one))


def cached(model: Model, stream: str | None = None) -> tuple[tuple[Path, str], ...]:
    """The files of a model in the cache, each with its stream.

    Args:
        model: the model.
        stream: the stream whose file is wanted; None for all files.

    Raises:
        ConfigError: the files are not in the cache, or the model has no such stream.
    """
    wanted = [one for one in model.files if stream in (None, one.stream)]
    if not wanted:
        raise ConfigError(f"the model {model.name} has the streams {', '.join(model.streams)}, but not {stream!r}.")
    folder = folder_of(model)
    if set(wanted) & set(lacking(model)):
        raise ConfigError(
            f"the model {model.name} should be in {folder}, but some of its files are missing: fetch it with "
            f"gzssar models get {model.name}."
        )
    return tuple((folder / one.name, one.stream) for one in wanted)


def is_file(path: Path, file: ModelFile) -> bool:
    """Whether a path leads to a file of a model that is whole and unchanged."""
    try:
        return path.stat().st_size == file.size and hash_file(path) == file.sha256
    except (OSError, DataError):  # it is absent, or cannot be read
        return False
