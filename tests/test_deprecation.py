"""Deprecated names still work, and warn at the line that uses them."""

import importlib.util
import sys
import warnings
from types import ModuleType

import pytest

import gzssar.deprecation


def without_checks(module):
    """A module as users run it: in the tests, jaxtyping puts frames of its own between a caller and a function."""
    spec = importlib.util.spec_from_file_location("plain", module.__file__)
    plain = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plain)
    return plain


plain = without_checks(gzssar.deprecation)
Moved, deprecated, former_names, warn_deprecated = (
    plain.Moved,
    plain.deprecated,
    plain.former_names,
    plain.warn_deprecated,
)
SENTENCE = "gzssar.old is deprecated since 0.2.0 and will be removed in 0.3.0: use gzssar.new."


class Kept:
    @property
    @deprecated("gzssar.old", "gzssar.new", "0.2.0", "0.3.0")
    def size(self):
        """How large it is."""
        return 3


@deprecated("gzssar.old", "gzssar.new", "0.2.0", "0.3.0")
def doubled(number, *, plus=0):
    """Twice a number."""
    return 2 * number + plus


def renamed(new=None, *, old=None):
    if old is not None:
        warn_deprecated("gzssar.old", "gzssar.new", "0.2.0", "0.3.0")
        new = old
    return new


@pytest.mark.parametrize(
    ("use", "gives"),
    [(lambda: doubled(2, plus=1), 5), (lambda: Kept().size, 3), (lambda: renamed(old=1), 1)],
    ids=["function", "property", "argument"],
)
def test_a_deprecated_name_works_and_warns_at_the_line_that_uses_it(use, gives):
    with pytest.warns(DeprecationWarning, match="gzssar") as told:
        assert use() == gives
    assert [str(one.message) for one in told] == [SENTENCE]
    assert told[0].filename == __file__
    assert told[0].lineno == use.__code__.co_firstlineno


def test_a_deprecated_function_keeps_its_name_and_its_help():
    assert (doubled.__name__, doubled.__doc__) == ("doubled", "Twice a number.")


def test_what_is_not_deprecated_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert renamed(1) == 1


def lazily(name):
    """What a module finds on first use."""
    if name != "lazy":
        raise AttributeError(name)
    return 7


@pytest.fixture
def module(monkeypatch):
    """A module one of whose names has moved to the standard library."""
    made = ModuleType("gzssar_moved_names")
    moved = {"old": Moved("math.pi", "0.2.0", "0.3.0")}
    made.__getattr__ = former_names(made.__name__, moved, lazily)
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return made


def test_a_name_that_moved_is_found_where_it_is_now(module):
    with pytest.warns(DeprecationWarning, match="gzssar") as told:
        from gzssar_moved_names import old
    assert str(told[0].message) == (
        "gzssar_moved_names.old is deprecated since 0.2.0 and will be removed in 0.3.0: use math.pi."
    )
    assert told[0].filename == __file__
    assert old == pytest.approx(3.14159, abs=1e-5)


def test_other_names_are_found_as_before(module):
    assert module.lazy == 7


def test_a_name_that_never_was_is_missing():
    find = former_names("gzssar.some", {})
    with pytest.raises(AttributeError, match=r"module 'gzssar\.some' has no attribute 'absent'"):
        find("absent")


def test_nothing_of_ours_uses_what_is_deprecated():
    with pytest.raises(DeprecationWarning, match=r"gzssar\.old"):
        doubled(1)
