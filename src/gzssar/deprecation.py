"""Helpers to deprecate names: these still work, but warn and say what to use instead. CONTRIBUTING.md says which helper
goes with what.

A warning is a :class:`DeprecationWarning` at the line of the caller. Python shows those of scripts and notebooks, and
pytest shows all of them; programs that merely use a package which uses this one stay quiet.
"""

import functools
import importlib
import warnings
from collections.abc import Callable, Mapping
from typing import NamedTuple, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def warn_deprecated(what: str, instead: str, since: str, until: str, stacklevel: int = 2) -> None:
    """Warn of an argument, a field or anything else that the two functions below do not cover.

    Args:
        what: is deprecated, as a user would write it: ``"gzssar.run(seed=…)"``.
        instead: what to use, likewise.
        since: the version that deprecates it.
        until: the version that removes it.
        stacklevel: how many calls lie between here and the user's line, this one included.
    """
    sentence = f"{what} is deprecated since {since} and will be removed in {until}: use {instead}."
    warnings.warn(sentence, DeprecationWarning, stacklevel + 1)


def deprecated(what: str, instead: str, since: str, until: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a deprecated function or method; of a property, its getter. Arguments as in :func:`warn_deprecated`."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def warned(*args: P.args, **kwargs: P.kwargs) -> R:
            warn_deprecated(what, instead, since, until)
            return function(*args, **kwargs)

        return warned

    return decorate


class Moved(NamedTuple):
    """Where a module's former name is now."""

    to: str
    """Module and name: ``"gzssar.own_test.scores_of"``."""
    since: str
    until: str


def former_names(
    module: str, moved: Mapping[str, Moved], otherwise: Callable[[str], object] | None = None
) -> Callable[[str], object]:
    """Make a module's ``__getattr__`` that finds names which have moved, and warns of each use.

    Leave such names out of ``__all__``: nothing new should use them.

    Args:
        module: its ``__name__``.
        moved: each former name, and where it is now.
        otherwise: the ``__getattr__`` that the module has already.
    """

    def find(name: str) -> object:
        if name in moved:
            to, since, until = moved[name]
            warn_deprecated(f"{module}.{name}", to, since, until)
            place, _, there = to.rpartition(".")
            return getattr(importlib.import_module(place), there)
        if otherwise is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        return otherwise(name)

    return find
