"""Which recognizer a command means: a folder, the name of a model, or the one that comes with the package."""

from pathlib import Path
from typing import TYPE_CHECKING

from gzssar.commands.console import warn
from gzssar.errors import DataError
from gzssar.models import known_models
from gzssar.models.packaged import PACKAGED
from gzssar.printable import listed

if TYPE_CHECKING:
    from gzssar.recognizer import Recognizer

_WEIGHTS = "weights.safetensors"
"""A folder that holds it is a recognizer's, whole or not; clips are never called so."""


def load_model(model: Path | None) -> "Recognizer":
    """The recognizer that a command means. Warns which model answers when none is named, and when building one takes
    half a minute.

    Args:
        model: its folder, or else its name; None for the one that comes with the package.

    Raises:
        ConfigError: it is a ready model that is not in the cache.
        DataError: there is neither a folder nor a model of that name, or it is damaged.
    """
    from gzssar.recognizer import Recognizer

    if model is None:
        warn(f"no model was named, so the packaged model {PACKAGED.name} answers: to use another model, name it first.")
        return Recognizer.from_pretrained()
    if model.exists() or not is_name(str(model)):
        try:
            return Recognizer.from_pretrained(model)
        except DataError as error:
            if model.exists():
                raise
            raise DataError(
                f"{model} should be a folder that `gzssar fit` wrote or the name of a model, but there is no such "
                f"folder, and the models are {listed(_names())}."
            ) from error
    if str(model) != PACKAGED.name:
        warn(
            f"{model} knows its classes only from its encoder's weights, and has not been tested. The first use builds "
            "it, which takes half a minute."
        )
    return Recognizer.from_pretrained(str(model), local_files_only=True)


def is_name(word: str) -> bool:
    """Whether a word is the name of a model."""
    return word in _names()


def is_folder(word: Path | str) -> bool:
    """Whether a word is the folder of a recognizer, whole or not."""
    return (Path(word) / _WEIGHTS).exists()


def _names() -> tuple[str, ...]:
    return (PACKAGED.name, *(one.name for one in known_models()))
