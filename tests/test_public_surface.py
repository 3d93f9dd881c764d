"""What is public: the reference, ``__all__`` and what can be imported say the same, and say it with precise types."""

import functools
import importlib
import inspect
import re
import subprocess
import sys
import typing
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import gzssar

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference" / "python.md"
LISTED = re.findall(r"^::: (\S+)$", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE)
SUBMODULES = ("gzssar.errors", "gzssar.inference", "gzssar.models", "gzssar.synthetic")
MODULES = [importlib.import_module(name) for name in ("gzssar", *SUBMODULES)]
PUBLIC = {f"{module.__name__}.{name}": getattr(module, name) for module in MODULES for name in module.__all__}

ANYTHING = {"gzssar.FeatureSet.provenance", "gzssar.Recipe.described"}
"""Typed as Any by name: provenance is what a file holds as JSON, and a recipe describes methods of others."""


def test_the_reference_lists_the_names_of_the_package_and_its_public_modules():
    assert sorted(LISTED) == sorted(
        [*SUBMODULES, *(f"gzssar.{name}" for name in gzssar.__all__ if name != "GzssarError")]
    )
    assert gzssar.GzssarError is gzssar.errors.GzssarError


def test_the_package_says_which_modules_are_public():
    assert all(f"``{name}``" in gzssar.__doc__ for name in SUBMODULES)
    headings = re.findall(r"^## (\S+)$", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == ["gzssar", *SUBMODULES]


def importable(module):
    """Names without an underscore that a module makes, or takes from others to hand them on.

    In a package's ``__init__`` whatever is imported is handed on, but for its own modules.
    """
    package = hasattr(module, "__path__")
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and (package or getattr(value, "__module__", module.__name__) == module.__name__)
    }


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_what_can_be_imported_is_what_all_names(module):
    names = {name: getattr(module, name) for name in module.__all__}
    assert importable(module) == set(names)
    assert sorted(module.__all__) == sorted(set(module.__all__))


def test_a_fresh_interpreter_sees_the_public_names_alone():
    code = "import gzssar; print(*sorted(name for name in {*dir(gzssar), *vars(gzssar)} if not name.startswith('_')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == sorted(gzssar.__all__)


IMPORT = re.compile(r"from (gzssar[\w.]*) import (?:\(([^)]*)\)|([\w, ]+))")


def imports():
    """Each name that README, pages and examples import from the package."""
    pages = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("docs/tutorials/*.md")]
    for path in [*pages, *ROOT.glob("examples/*.py"), *ROOT.glob("examples/*.ipynb")]:
        for module, several, names in IMPORT.findall(path.read_text(encoding="utf-8")):
            for name in (several or names).split(","):
                if name.strip():
                    yield path.name, f"{module}.{name.split()[0]}"


def test_pages_and_examples_import_public_names_alone():
    found = set(imports())
    assert len(found) > 20
    assert {(page, name) for page, name in found if name not in PUBLIC} == set()


def says_any(hint):
    """Whether a type says Any anywhere but in numpy's dtype, which stands for any kind of number."""
    if isinstance(hint, typing.ForwardRef):
        hint = hint.__forward_arg__
    if isinstance(hint, str):
        return re.search(r"\bAny\b", hint) is not None
    if typing.get_origin(hint) is np.dtype:
        return False
    return hint is typing.Any or any(map(says_any, hint if isinstance(hint, list) else typing.get_args(hint)))


@pytest.mark.parametrize(
    ("hint", "says"),
    [
        (typing.Any, True),
        ("dict[str, Any]", True),
        (dict[str, list[typing.Any]], True),
        (typing.Callable[[typing.Any], int], True),
        (dict[str, "Any"], True),
        (np.dtype[typing.Any], False),
        ("Anything", False),
        (dict[str, object] | None, False),
    ],
)
def test_any_is_found_wherever_it_hides(hint, says):
    assert says_any(hint) == says


def functions_of(name, value):
    """A function, or a class's own methods and properties, by name; but for what dataclasses and protocols generate."""
    if not inspect.isclass(value):
        yield name, inspect.unwrap(value)
        return
    for member, own in vars(value).items():
        if isinstance(own, property):
            own = own.fget
        elif isinstance(own, functools.cached_property):
            own = own.func
        own = inspect.unwrap(getattr(own, "__func__", own))
        generated = hasattr(value, "__dataclass_fields__") or getattr(value, "_is_protocol", False)
        called = member == "__init__" and not generated
        if inspect.isfunction(own) and (called or not member.startswith("_")):
            yield f"{name}.{member}", own


def hints():
    """Each type in a public signature or field, by whose it is."""
    for name, value in PUBLIC.items():
        if inspect.isclass(value):
            yield from ((f"{name}.{field}", hint) for field, hint in inspect.get_annotations(value).items())
        if callable(value):
            for whose, function in functions_of(name, value):
                yield from ((whose, hint) for hint in function.__annotations__.values())


def test_no_public_signature_says_any():
    found = dict(hints())
    assert len(found) > 200
    assert {whose for whose, hint in hints() if says_any(hint)} == ANYTHING


def test_each_public_function_types_all_it_takes_and_gives():
    untyped = set()
    for name, value in PUBLIC.items():
        if callable(value):
            for whose, function in functions_of(name, value):
                asked = [one for one in inspect.signature(function).parameters if one not in ("self", "cls")]
                untyped |= {whose} if {*asked, "return"} - {*function.__annotations__} else set()
    assert untyped == set()


def test_types_are_there_for_others():
    assert (Path(gzssar.__file__).parent / "py.typed").is_file()
