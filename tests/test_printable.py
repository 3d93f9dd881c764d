import pytest

from gzssar.errors import ConfigError, DataError
from gzssar.printable import listed, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("drink water", "drink water"),
        ("trinken – 喝水 é\u0301 😀\u00a0x", "trinken – 喝水 é\u0301 😀\u00a0x"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\nb\r\tc\x00\x7f\x9b", r"a\nb\r\tc\x00\x7f\x9b"),
        ("a\u200bb\u202ec\u2028d\ufeff", r"a\u200bb\u202ec\u2028d\ufeff"),
        ("\udcff", r"\udcff"),
        ("\U000e0041", r"\U000e0041"),
        (r"\x1b", r"\x1b"),
    ],
)
def test_what_a_terminal_obeys_is_escaped_and_the_rest_stays(text, shown):
    assert printable(text) == shown
    assert printable(shown) == shown


def test_errors_are_safe_to_print():
    assert DataError("\x1b[2J is bad", where="a\nb").for_terminal == r"a\nb: \x1b[2J is bad"
    assert ConfigError("x\x07", option="fps").for_terminal == r"x\x07 (--fps)"


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["wave"], "wave"),
        (["wave", "sit down", "bow"], "wave, sit down and 1 more"),
        (["a name that is longer than the place"] * 3, "a name that is longer than the place and 2 more"),
    ],
)
def test_names_are_listed_whole(names, sentence):
    assert listed(names, 16) == sentence
