"""The model that comes with the package: a whole recognizer, which answers at once and offline."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path


@dataclass(frozen=True)
class PackagedModel:
    """A recognizer's folder within the package; ``benchmarks/shipped_model.py`` makes it."""

    name: str

    what: str
    """The networks, and what they were trained on."""

    licence: str
    """Of the files."""

    terms: str
    """What else binds those who use them."""

    citations: tuple[str, ...]
    """The papers to cite."""

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return Path(str(files("gzssar.models"))) / "data" / self.name

    @property
    def size(self) -> int:
        """Of all files, in bytes."""
        return sum(path.stat().st_size for path in self.folder.iterdir())


PACKAGED = PackagedModel(
    "utd-mhad",
    "a recognizer of 27 actions and of those that you describe, trained by us on performers 1 to 6 of UTD-MHAD",
    "Apache-2.0",
    "the authors of UTD-MHAD say that it is in the public domain, and the model holds none of its clips",
    ("Chen, Jafari and Kehtarnavaz, UTD-MHAD: A Multimodal Dataset for Human Action Recognition, ICIP 2015",),
)
"""What answers where nobody names a model."""
