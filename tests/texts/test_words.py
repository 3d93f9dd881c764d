"""The words of texts, counted."""

from zlib import crc32

import numpy as np
import pytest

from gzssar.texts.words import WIDTH, count_words


def column(word):
    return crc32(word.encode()) % WIDTH


def test_counts_by_hand():
    [row] = count_words(["Both hands clap, and the hands part."])
    assert row.shape == (WIDTH,)
    assert row.dtype == np.float32
    words = ("both", "hands", "clap", "and", "the", "part")
    assert len({column(word) for word in words}) == 6
    assert np.flatnonzero(row).tolist() == sorted(column(word) for word in words)
    assert [row[column(word)] for word in words] == pytest.approx([1, 1 + np.log(2), 1, 1, 1, 1])


def test_case_order_and_marks_do_not_count():
    one, other = count_words(["Raise the LEFT arm", "arm: left; the… raise!"])
    assert np.array_equal(one, other)


def test_letters_alone_are_no_words():
    one, other = count_words(["a b clap", "clap"])
    assert np.array_equal(one, other)


def test_a_words_column_is_the_same_in_every_process():
    assert [column("wave"), column("größe")] == [3465, 2441]
    assert np.flatnonzero(count_words(["wave"])[0]).tolist() == [3465]
    assert np.flatnonzero(count_words(["GRÖSSE"])[0]).tolist() == [column("grösse")]


def test_words_of_one_column_add_up():
    first = {}
    for number in range(10_000):
        if (other := first.setdefault(column(word := f"w{number}"), word)) != word:
            break
    [row] = count_words([f"{word} {other}"])
    assert row[column(word)] == 2
    assert np.count_nonzero(row) == 1


@pytest.mark.parametrize("text", ["x", "!", "", "\ud800"])
def test_a_text_without_any_word_counts_as_one(text):
    [row] = count_words([text])
    assert row.sum() == 1


def test_a_row_does_not_depend_on_other_texts():
    texts = ["wave a hand", "kick", "bow, and bow again"]
    together = count_words(texts)
    assert np.array_equal(together, np.concatenate([count_words([text]) for text in texts]))
    assert count_words([]).shape == (0, WIDTH)
