"""Where numbers come from: versions, hardware, and a hash of the package's own code."""

import hashlib
import os
import platform
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
    """Versions and hardware."""
    return {**versions(), "machine": f"{_processor()}, {os.cpu_count()} cores, one thread per seed"}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
