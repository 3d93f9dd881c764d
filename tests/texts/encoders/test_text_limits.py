import numpy as np
import pytest
from hypothesis import given, strategies as st
from tiny_models import FakeModel

from gzssar.errors import TextError
from gzssar.texts.encoders.caching import CachingEncoder
from gzssar.texts.encoders.encoder import longest_beginning, require_readable


def fake(token_limit=20, template="{}"):
    return CachingEncoder("fake", "1", template, None, lambda: FakeModel(token_limit), None)


def test_an_empty_text_is_refused():
    with pytest.raises(TextError, match=r"a text to encode cannot be empty, but those at \[1, 2\] are"):
        require_readable(["wave", "", " \n"])


@pytest.mark.parametrize(
    ("text", "named"), [("a\0b", "U+0000"), ("wave\x1b[1m\x07", "U+0007, U+001B"), ("\ud83d", "U+D83D")]
)
def test_control_characters_are_refused_by_name(text, named):
    with pytest.raises(TextError, match=r"text 1 .* control characters") as caught:
        require_readable(["wave", text])
    assert f"the control characters {named}: remove them" in str(caught.value)
    str(caught.value).encode()  # can be printed


def test_white_space_and_scripts_of_every_direction_are_fine():
    require_readable(
        ["two\nlines\r\n\tand a tab", "يرفع يده \u200fاليمنى", "水を飲む", "👋🏽 zero\u200dwidth", "a\u00a0b"]
    )


def test_a_beginning_is_the_longest_in_whole_words():
    assert longest_beginning("one two  three", 14, len) == "one two  three"
    assert longest_beginning("one two  three", 13, len) == "one two"
    assert longest_beginning("one two  three", 6, len) == "one"


def test_but_a_word_without_end_is_cut_inside():
    assert longest_beginning("abcdef", 3, len) == "abc"
    assert longest_beginning("go " + "手" * 100, 20, len) == "go " + "手" * 17
    assert longest_beginning("abc", 0, len) == ""


@given(st.text(min_size=1), st.integers(0, 30))
def test_a_beginning_fits_and_one_more_word_would_not(text, limit):
    start = longest_beginning(text, limit, len)
    assert text.startswith(start)
    assert len(start) <= limit
    rest = text[len(start) :].split()
    assert start == text or not rest or len(text[: text.index(rest[0], len(start))] + rest[0]) > limit


def test_of_a_long_text_only_the_beginning_is_counted():
    counted = []
    assert (
        longest_beginning("word " * 1_000_000, 77, lambda text: counted.append(text) or len(text.split()))
        == ("word " * 77).strip()
    )
    assert sum(map(len, counted)) < 5000


def test_the_refusal_says_which_text_how_long_and_what_would_be_cut():
    with pytest.raises(TextError) as caught:
        fake().encode(["wave", "raise both of the arms and clap", "raise the leg and the other leg", "wave"])
    assert str(caught.value) == (
        "text 1 ('raise both of the arms and clap') should have at most the 20 tokens that fake reads, but it has 31; "
        "1 more text is too long. 'arms and clap' would be cut: shorten it, or allow the cut with truncate=True "
        "(--truncate)."
    )


def test_a_template_that_leaves_no_room_is_refused_even_with_truncation():
    with pytest.raises(TextError, match=r"nothing of it fits into the template 'a template of its own: {}': shorten"):
        fake(template="a template of its own: {}").encode(["wave"], truncate=True)


def test_braces_in_a_text_are_text():
    assert fake(template="<{}>").token_count("{} {0}") == 8


def test_vectors_that_are_not_finite_are_refused():
    model = FakeModel()
    model.encode_prompts = lambda prompts: np.full((len(prompts), 3), np.nan, dtype=np.float32)
    encoder = CachingEncoder("fake", "1", "{}", None, lambda: model, None)
    with pytest.raises(TextError, match=r"fake should give finite vectors, but those of the texts \[0, 1\] are not"):
        encoder.encode(["wave", "kick"])
