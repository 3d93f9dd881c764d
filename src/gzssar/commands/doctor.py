"""`gzssar doctor`: what is installed, what this machine has, and what to install for what."""

import os
import platform
import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, requires, version

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gzssar.files import cache_root
from gzssar.models import known_models, lacking
from gzssar.models.packaged import PACKAGED
from gzssar.provenance import machine
from gzssar.skeletons.poses import MEDIAPIPE

PURPOSES = {
    "texts": "encode class texts: `texts encode`, and classes that you describe",
    "web": "open the web page: `serve`",
    "pose": "read videos and cameras",
    "onnx": "export models to ONNX and run them: `export`",
    "train": "train encoders on several devices, and log the curves: `train-encoder`",
    "ray": "run `embed` and `bench` on a cluster",
    "llm": "let a language model draft texts: `texts fill`",
    "hub": "share recognizers on the Hugging Face hub",
    "c3d": "read C3D files",
    "docs": "build the site of this documentation",
}
"""What each extra of the package is for."""

_BESIDE = {"pose": ("mediapipe", MEDIAPIPE)}
"""The package that an extra needs but cannot require, and the command that installs it."""


def doctor() -> None:
    """List what is installed, what this machine has, which models are in the cache, and what to install for which
    purpose."""
    console = Console()
    for title, lines in (
        ("Versions", _versions()),
        ("Machine", _machine()),
        ("Extras", [(extra, _extra(extra, purpose)) for extra, purpose in PURPOSES.items()]),
        ("Models", _models()),
    ):
        table = Table.grid(padding=(0, 2))
        table.title, table.title_justify = Text(title), "left"
        for name, line in lines:
            table.add_row(name, Text(line))
        console.print(table)


def _versions() -> list[tuple[str, str]]:
    packages = ("gzssar", *sorted(_required()))
    return [("python", platform.python_version()), *((name, _version(name) or "missing") for name in packages)]


def _machine() -> list[tuple[str, str]]:
    import torch

    devices = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    return [
        ("system", platform.platform()),
        ("processor", machine()),
        ("threads", f"{torch.get_num_threads()} (OMP_NUM_THREADS: {os.environ.get('OMP_NUM_THREADS', 'unset')})"),
        ("GPU", ", ".join(devices) or "none found; you do not need one"),
    ]


def _extra(extra: str, purpose: str) -> str:
    missing = [name for name in _required(extra) if _version(name) is None]
    commands = [f"pip install 'gzssar[{extra}]'"] if missing else []
    beside, command = _BESIDE.get(extra, ("", ""))
    if beside and _version(beside) is None:
        missing, commands = [*missing, beside], [*commands, command]
    if not missing:
        return f"installed · {purpose}"
    return f"{' and then '.join(commands)} · {purpose} (missing: {', '.join(missing)})"


def _models() -> list[tuple[str, str]]:
    root = cache_root()
    told = [
        (PACKAGED.name, "comes with the package"),
        ("cache", str(root) if root else "none: set GZSSAR_CACHE to a folder"),
    ]
    for model in known_models(None) if root else ():
        told.append((model.name, f"gzssar models get {model.name}" if lacking(model) else "in the cache"))
    return told


def _required(extra: str | None = None) -> Iterable[str]:
    """Packages that the package itself or one of its extras asks for, by name."""
    marked = f'extra == "{extra}"'
    for line in requires("gzssar") or ():
        requirement, _, marker = line.replace("'", '"').partition(";")
        if (marked in marker) if extra else ("extra ==" not in marker):
            yield re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
