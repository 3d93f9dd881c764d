"""The optional libraries behind the encoders: missing, or too loud."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec

from gzssar.errors import MissingExtraError

_LOUD = ("transformers", "sentence_transformers", "huggingface_hub")


def require(*modules: str) -> None:
    """Look for libraries without importing them, which takes seconds.

    Raises:
        MissingExtraError: one is not installed.
    """
    if missing := [module for module in modules if find_spec(module) is None]:
        raise MissingExtraError(
            f"encoding class texts needs {' and '.join(missing)}, which {'are' if missing[1:] else 'is'} not "
            "installed: run pip install 'gzssar[texts]', or bring text features with --text-features."
        )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep warnings, log lines and downloads' progress bars off the console: what matters becomes an error."""
    from huggingface_hub import utils

    with warnings.catch_warnings(), ExitStack() as after:
        warnings.simplefilter("ignore")
        for logger in map(logging.getLogger, _LOUD):
            after.callback(logger.setLevel, logger.level)
            logger.setLevel(logging.CRITICAL)
        if not utils.are_progress_bars_disabled():
            after.callback(utils.enable_progress_bars)
            utils.disable_progress_bars()
        yield


@contextmanager
def quiet_loading() -> Iterator[None]:
    """`quiet`, and without the progress bar that transformers draws while it reads weights."""
    with quiet(), ExitStack() as after:
        from transformers.utils import logging as bars

        if bars.is_progress_bar_enabled():
            after.callback(bars.enable_progress_bar)
            bars.disable_progress_bar()
        yield


def reason(error: BaseException) -> str:
    """An error of a library as part of a sentence: its kind and the first of its words, on one line."""
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words[:200]}{' …' if len(words) > 200 else ''}".rstrip(": ")
