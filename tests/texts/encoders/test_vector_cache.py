import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tiny_models import FakeModel

from gzssar.errors import TextError
from gzssar.texts.encoders.cache import MemoryCache, TextVector, VectorCache, default_cache
from gzssar.texts.encoders.caching import CachingEncoder


class Counted:
    """An encoder over a fake model, and how often that was loaded."""

    def __init__(self, cache, name="fake/model", revision="1", template="{}", pooling=None):
        self.loads = 0
        self.model = FakeModel()
        cache = VectorCache(cache) if isinstance(cache, Path) else cache
        self.encoder = CachingEncoder(name, revision, template, pooling, self.load, cache)

    def load(self):
        self.loads += 1
        return self.model


def entries(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_what_is_known_is_not_encoded_again(tmp_path):
    first, second = Counted(tmp_path), Counted(tmp_path)
    rows = first.encoder.encode(["wave", "kick", "wave"])
    assert first.model.embedded == ["wave", "kick"]
    np.testing.assert_array_equal(second.encoder.encode(["kick", "wave"]), rows[[1, 0]])
    assert (second.encoder.dimension, second.encoder.token_limit) == (3, 20)
    assert (second.encoder.token_count("kick"), second.encoder.fitting("kick")) == (4, "kick")
    assert second.loads == 0
    second.encoder.encode(["wave", "clap"])
    assert second.model.embedded == ["clap"]


@pytest.mark.parametrize(
    "other", [{"name": "fake/other"}, {"revision": "2"}, {"template": "a {}"}, {"pooling": "last"}], ids=str
)
def test_another_model_or_template_is_another_vector(tmp_path, other):
    Counted(tmp_path).encoder.encode(["wave"])
    changed = Counted(tmp_path, **other)
    changed.encoder.encode(["wave"])
    assert len(changed.model.embedded) == 1


def test_a_cut_text_is_known_as_cut_only(tmp_path):
    long = "raise both of the arms and clap"
    first, second = Counted(tmp_path), Counted(tmp_path)
    rows = first.encoder.encode([long], truncate=True)
    np.testing.assert_array_equal(second.encoder.encode([long], truncate=True), rows)
    assert second.encoder.token_count(long) == 31
    assert second.loads == 0
    with pytest.raises(TextError, match="but it has 31"):
        second.encoder.encode([long])


@pytest.mark.parametrize("damage", [b"", b"nonsense", "cut", "flipped", "swapped"])
def test_a_damaged_entry_is_encoded_again_and_replaced(tmp_path, damage):
    rows = Counted(tmp_path).encoder.encode(["wave", "kick!"])
    whole = {path: path.read_bytes() for path in entries(tmp_path)}
    for (path, content), other in zip(whole.items(), reversed(whole.values()), strict=True):
        flipped = content[:-2] + bytes([content[-2] ^ 1]) + content[-1:]
        path.write_bytes({"cut": content[:-3], "flipped": flipped, "swapped": other}.get(damage, damage))
    again = Counted(tmp_path)
    np.testing.assert_array_equal(again.encoder.encode(["wave", "kick!"]), rows)
    assert again.loads == 1
    assert {path: path.read_bytes() for path in entries(tmp_path)} == whole


@pytest.mark.parametrize("in_the_way", ["file", "no permission"])
def test_a_folder_that_cannot_be_written_only_costs_time(tmp_path, in_the_way, monkeypatch):
    if in_the_way == "file":
        (tmp_path / "fake-model").write_text("")
    else:  # root may write everywhere, so that the mode of a folder tests nothing
        monkeypatch.setattr(Path, "mkdir", lambda *_, **__: (_ for _ in ()).throw(PermissionError("no")))
    for _ in range(2):
        counted = Counted(tmp_path)
        np.testing.assert_array_equal(counted.encoder.encode(["wave"]), [[4, ord("w"), 1]])
        assert counted.loads == 1


def test_two_processes_may_fill_one_cache(tmp_path):
    program = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[2]); import numpy as np;"
        "from gzssar.texts.encoders.cache import VectorCache\n"
        "from gzssar.texts.encoders.caching import CachingEncoder\n"
        "class Model:\n"
        "    dimension, token_limit, token_count = 3, 20, staticmethod(len)\n"
        "    encode_prompts = staticmethod(lambda new: np.array([[len(t), ord(t[0]), 1] for t in new], np.float32))\n"
        "for _ in range(10):\n"
        "    encoder = CachingEncoder('fake/model', '1', '{}', None, Model, VectorCache(Path(sys.argv[1])))\n"
        "    encoder.encode([f'wave {i}' for i in range(50)])\n"
        "    next(path for path in Path(sys.argv[1]).rglob('*') if path.is_file()).unlink(missing_ok=True)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path), str(Path(__file__).parent)]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[1] for process in both] == ["", ""]
    Counted(tmp_path).encoder.encode([f"wave {i}" for i in range(50)])  # what the last removal left open
    last = Counted(tmp_path)
    np.testing.assert_array_equal(last.encoder.encode(["wave 7"]), [[6, ord("w"), 1]])
    assert last.loads == 0
    assert not [path for path in entries(tmp_path) if path.suffix == ".part"]


def test_where_the_cache_lies(monkeypatch, tmp_path):
    monkeypatch.setenv("GZSSAR_CACHE", "/mine")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert default_cache() == Path("/mine/texts")
    monkeypatch.delenv("GZSSAR_CACHE")
    assert default_cache() == Path("/xdg/gzssar/texts")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert default_cache() == Path("/home/me/.cache/gzssar/texts")
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("nobody's home")))
    assert default_cache() is None


def test_an_entry_survives_the_disk(tmp_path):
    cache = VectorCache(tmp_path)
    vector = np.array([1.5, -2, 3e-8], dtype=np.float32)
    cache.write("org/name", "key", TextVector(vector, 12, 77))
    found = cache.read("org/name", "key")
    np.testing.assert_array_equal(found.vector, vector)
    assert (found.tokens, found.token_limit) == (12, 77)
    assert cache.path("org/name", "key") == tmp_path / "org-name" / "key"
    assert cache.read("org/name", "other") is None


def test_in_memory_a_text_is_encoded_once_and_the_oldest_are_forgotten():
    counted = Counted(MemoryCache(4))  # three texts, and what the encoder itself is
    encoder, model = counted.encoder, counted.model
    rows = encoder.encode(["a", "bb", "a"])
    np.testing.assert_array_equal(rows, [[1, ord("a"), 1], [2, ord("b"), 1], [1, ord("a"), 1]])
    encoder.encode(["bb", "a"])
    assert model.embedded == ["a", "bb"]
    encoder.encode(["ccc", "dddd"])
    encoder.encode(["a", "bb"])
    assert model.embedded == ["a", "bb", "ccc", "dddd", "bb"]
    assert (encoder.name, encoder.revision, encoder.dimension, encoder.token_limit) == ("fake/model", "1", 3, 20)
    assert encoder.token_count("x y") == 3
    assert encoder.fitting("x") == "x"


def test_threads_that_share_an_encoder_load_one_model():
    counted = Counted(MemoryCache())
    together = threading.Barrier(8)

    def encode(text):
        together.wait()
        return counted.encoder.encode([text, "same"])

    with ThreadPoolExecutor(8) as threads:
        rows = list(threads.map(encode, map(str, range(8))))
    assert counted.loads == 1
    assert counted.model.embedded.count("same") == 1
    assert all(row.shape == (2, 3) for row in rows)
