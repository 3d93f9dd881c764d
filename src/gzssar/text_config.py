"""Arguments of `gzssar texts`: check, new, fill and encode. Plain frozen dataclasses; importing them costs no torch.

The docstring under a field is its help on the command line.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from gzssar.errors import ConfigError
from gzssar.texts.encoding import Encoding

Table = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="TABLE")]
_OUT = tyro.conf.arg(aliases=["-o"])


@dataclass(frozen=True)
class CheckTexts:
    """Find what is wrong with class texts, and which classes they hardly tell apart."""

    table: Table
    """A table of class texts (.csv, .tsv, .json, .yaml), or the name of one that comes with the package."""

    encoding: Encoding = field(default_factory=Encoding)

    out: Annotated[Path | None, _OUT] = None
    """A folder for the similarities of all pairs (pairs.csv) and a heat map per kind of text (similarity.png)."""

    pairs: int = 5
    """How many of the most confusable pairs to show per kind of text."""

    threshold: float = 0.95
    """Cosine similarity from which two classes count as near-duplicates."""

    fail: bool = False
    """End with exit code 1 where a text is missing, repeated or over-long, or two classes are near-duplicates in the
    fusion of all texts: for CI."""

    def __post_init__(self) -> None:
        if self.pairs < 0:
            raise ConfigError(f"--pairs is how many to show, 0 or more, but it is {self.pairs}.")
        if not -1 <= self.threshold <= 1:
            raise ConfigError(f"--threshold is a cosine in [-1, 1], but it is {self.threshold}.")


@dataclass(frozen=True)
class NewTexts:
    """Write a table of class texts to fill in, with guidance."""

    labels: str
    """The class names, separated by commas, in order of class id."""

    out: Annotated[Path, _OUT] = Path("texts.csv")
    """The table: .csv, .tsv, .json or .yaml."""


@dataclass(frozen=True)
class FillTexts:
    """Have a language model write the action and motion texts that a table lacks; edit what it wrote."""

    table: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="TABLE")]
    """The table, which gets the answers; texts that stand there stay."""

    url: str
    """Base URL of an OpenAI-compatible endpoint, such as http://localhost:11434/v1 (llama.cpp, Ollama, vLLM, a
    LiteLLM proxy, …)."""

    model: str
    """What the endpoint calls the model."""

    key_variable: str = "GZSSAR_LLM_KEY"
    """The environment variable that holds the endpoint's key, where it wants one."""


@dataclass(frozen=True)
class EncodeTexts:
    """Turn a table of class texts into text features: lb_<K>.npy, ad_<K>.npy and md_<K>.npy."""

    table: Table
    """A table of class texts (.csv, .tsv, .json, .yaml), or the name of one that comes with the package."""

    out: Annotated[Path, _OUT]
    """The folder, which `gzssar run --text-features` reads; with several encoders it gets a folder for each."""

    encoding: Encoding = field(default_factory=Encoding)
