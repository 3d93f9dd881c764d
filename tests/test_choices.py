"""What a frozen dataclass of choices refuses."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from gzssar.choices import check_choices
from gzssar.errors import ConfigError


@dataclass(frozen=True)
class Choices:
    count: int = 1
    share: float = 0.5
    kind: Literal["a", "b"] = "a"
    folder: Path | None = None
    folders: tuple[Path, ...] = ()
    weights: tuple[float, float] = (1.0, 2.0)
    how: str | Path = "so"

    def __post_init__(self):
        check_choices(self)


@pytest.mark.parametrize(
    "given",
    [
        {"share": 1},
        {"share": np.float64(0.5)},
        {"folder": Path("a")},
        {"folders": (Path("a"), Path("b"))},
        {"weights": (1, 2)},
        {"how": Path("a")},
    ],
)
def test_what_fits(given):
    assert Choices(**given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"count": "2"}, "count is int, but '2' came."),
        ({"count": 2.0}, "count is int, but 2.0 came."),
        ({"share": None}, "share is float, but None came."),
        ({"kind": "c"}, "kind is one of a, b, but 'c' came."),
        ({"folder": "a"}, "folder is Path | None, but 'a' came: write Path('a')."),
        ({"folder": ("a",)}, "folder is Path | None, but ('a',) came."),
        ({"folders": Path("a")}, "folders is tuple[Path, ...], but "),
        ({"folders": ("a",)}, "folders is tuple[Path, ...], but ('a',) came: write (Path('a'),)."),
        ({"folders": "a"}, "folders is tuple[Path, ...], but 'a' came: write (Path('a'),)."),
        ({"weights": (1.0,)}, "weights is tuple[float, float], but (1.0,) came."),
        ({"how": 3}, "how is str | Path, but 3 came."),
    ],
)
def test_what_does_not_fit_is_refused(given, said):
    with pytest.raises(ConfigError) as refused:
        Choices(**given)
    assert str(refused.value).startswith(said)
