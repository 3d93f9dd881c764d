"""The words of texts, counted: what a language encoder blurs, two texts share or do not share in so many words."""

import re
from collections import Counter
from collections.abc import Sequence
from zlib import crc32

import numpy as np

from gzssar.shapes import TextFeatures

WIDTH = 4096
"""Columns. A word's column is a hash of it, so that a text's row does not depend on what other texts there are."""

_WORD = re.compile(r"\w\w+")


def count_words(texts: Sequence[str]) -> TextFeatures:
    """1 + log count of each word of two characters or more, whatever its case; 0 where a word is absent. (n, WIDTH).

    Words are not weighed by how rare they are: on leave-classes-out folds of four data sets that was no better, and
    a row would depend on other texts. A text without such a word counts as one.
    """
    rows = np.zeros((len(texts), WIDTH), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        folded = text.casefold()
        for word, count in Counter(_WORD.findall(folded) or [folded]).items():
            row[crc32(word.encode("utf-8", "surrogatepass")) % WIDTH] += 1 + np.log(count)
    return rows
