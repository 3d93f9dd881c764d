"""Where numbers come from: versions, hardware, and a hash of the package's own code."""

import ast
import hashlib
import inspect
import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from types import CodeType
from typing import Any

from gzssar.files import cache_root, write_json

_KEPT = "code-1.json"
"""In the cache: hashes of files' bytes → hashes of their code. Another :func:`code_hash` needs another name."""


def source_hash(*parts: str, root: Path | None = None) -> str:
    """SHA-256 of the package's own code, since an installation that follows a checkout changes under one version.
    Comments, docstrings and formatting do not count. It is the same for every version of Python.

    Args:
        parts: files of the package, and folders, of which the Python files count; all of it without any.
        root: of another tree than the package's.
    """
    here = root or Path(__file__).parent
    known = _known()
    new: dict[str, str] = {}
    digest = hashlib.sha256()
    for path in sorted(set(_files(here, parts))):
        content = path.read_bytes()
        code = key = hashlib.sha256(content).hexdigest()
        if path.suffix == ".py":
            code = known.get(key) or new.setdefault(key, code_hash(content))
        digest.update(f"{path.relative_to(here).as_posix()} {code}\n".encode())
    if new and (cache := cache_root()):
        with suppress(OSError):  # an unwritable cache costs a second, never a run
            write_json(cache / _KEPT, known | new)
    return digest.hexdigest()


@lru_cache(maxsize=32)
def foreign_hash(made: type) -> str:
    """SHA-256 of the code that a class of another package comes from: all of that package, or its module where that
    lies in none; of a class that was typed in, of its functions. Empty for a class of this package. It is read once,
    since a process runs the code that it imported."""
    top = made.__module__.partition(".")[0]
    if top == __name__.partition(".")[0]:
        return ""
    try:
        path = Path(inspect.getfile(made))
    except (TypeError, OSError):  # typed into an interpreter
        functions = {name: one for name, one in sorted(vars(made).items()) if inspect.isfunction(one)}
        told = [(name, _compiled(one.__code__), repr(one.__defaults__)) for name, one in functions.items()]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()
    package = getattr(sys.modules.get(top), "__path__", None)
    return source_hash(root=Path(next(iter(package)))) if package else code_hash(path.read_bytes())


def _compiled(code: CodeType) -> list[Any]:
    """What a function does: its instructions, and what they name and hold, functions within it too."""
    held = [_compiled(one) if isinstance(one, CodeType) else repr(one) for one in code.co_consts]
    return [code.co_code.hex(), code.co_names, held]


def code_hash(content: bytes) -> str:
    """SHA-256 of what a Python file says to the interpreter: of its syntax tree without the statements that are mere
    strings, which is what docstrings are."""
    return hashlib.sha256(_told(ast.parse(content)).encode()).hexdigest()


def _told(node: object) -> str:
    """A syntax tree in letters. Unlike ``ast.dump``, it names no field that is empty, as newer versions of Python have
    more of these."""
    if isinstance(node, ast.JoinedStr):  # Python 3.12 ends some with an empty string
        node.values = [one for one in node.values if not (isinstance(one, ast.Constant) and one.value == "")]
    if isinstance(node, ast.AST):
        fields = [(name, value) for name, value in ast.iter_fields(node) if value not in (None, [])]
        return f"{type(node).__name__}({','.join(f'{name}={_told(value)}' for name, value in fields)})"
    if isinstance(node, list):
        return f"[{','.join(_told(one) for one in node if not _is_string(one))}]"
    return repr(node)


def _is_string(node: object) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _files(here: Path, parts: Sequence[str]) -> Iterator[Path]:
    for place in (here / part for part in parts or (".",)):
        yield from place.rglob("*.py") if place.is_dir() else (place,)


def _known() -> dict[str, str]:
    """Code hashes of former calls: to parse the package takes about a second."""
    cache = cache_root()
    with suppress(OSError, ValueError):
        kept = json.loads((cache / _KEPT).read_text()) if cache else None
        if isinstance(kept, dict):
            return kept
    return {}


def versions() -> dict[str, str]:
    """Of everything that decides about the numbers."""
    packages = {name: version(name) for name in ("gzssar", "torch", "numpy", "scikit-learn")}
    return {"python": platform.python_version(), **packages}


def environment() -> dict[str, str]:
    """Versions, hardware, and how many threads torch has."""
    import torch

    return {**versions(), "machine": machine(), "threads": str(torch.get_num_threads())}


def machine() -> str:
    """Processor and cores, and the instructions that torch and numpy use. Two that differ here may differ in the last
    bits of their numbers."""
    import numpy as np
    import torch

    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    instructions = f"torch {torch.backends.cpu.get_cpu_capability()}, numpy {found[-1] if found else 'baseline'}"
    return f"{_processor()}, {os.cpu_count()} cores, {instructions}"


def several_machines(machines: Iterable[str], what: str) -> list[str]:
    """A sentence where numbers come from several machines, and nothing where they come from one.

    Args:
        machines: of each number.
        what: was made there, such as "Seeds".
    """
    known = list(dict.fromkeys(machines))
    told = f"{what} of {len(known)} machines stand side by side, which may differ in the last bits: {'; '.join(known)}."
    return [told] if len(known) > 1 else []


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
