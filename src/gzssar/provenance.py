"""Where numbers come from: versions, hardware, and a hash of the package's own code."""

import hashlib
import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path


def source_hash(*parts: str) -> str:
    """SHA-256 of the package's own code, since an installation that follows a checkout changes under one version.

    Args:
        parts: files and folders of the package; all of it without any.
    """
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(path for path in here.rglob("*.py") if not parts or path.relative_to(here).parts[0] in parts):
        digest.update(str(path.relative_to(here)).encode() + path.read_bytes())
    return digest.hexdigest()


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
