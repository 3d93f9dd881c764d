import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tiny_models import write_bert, write_clip, write_hub_cache

from gzssar.errors import ConfigError, TextError
from gzssar.texts.encoders import ENCODERS, TextEncoder, load_text_encoder


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return write_bert(tmp_path_factory.mktemp("bert") / "tiny")


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty local cache of the Hugging Face hub, and no network."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def test_the_default_is_a_text_encoder(bert):
    assert isinstance(load_text_encoder(str(bert)), TextEncoder)


def test_importing_the_package_costs_no_library():
    program = (
        "import sys, gzssar.texts.encoders;"
        "print(*(set(sys.modules) & {'torch', 'transformers', 'sentence_transformers', 'huggingface_hub'}))"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout == b"\n"


def test_an_unknown_short_name_lists_those_that_exist():
    with pytest.raises(
        ConfigError, match=r"no encoder with the short name 'mini-lm' \(did you mean minilm\?\)"
    ) as caught:
        load_text_encoder("mini-lm")
    assert all(name in str(caught.value) for name in ENCODERS)
    assert "organisation/name" in str(caught.value)
    assert "pip install 'gzssar[texts]'" in str(caught.value)


@pytest.mark.parametrize("template", ["", "a photo", "{} and {}"])
def test_a_template_holds_one_place_for_the_text(template):
    with pytest.raises(ConfigError, match=r"should hold \{\} once"):
        load_text_encoder("minilm", template=template)


@pytest.mark.parametrize("spec", ["./nope", "~/nope", "/no/such/folder", "no/such/folder"])
def test_a_folder_that_does_not_exist_is_refused(spec):
    with pytest.raises(TextError, match="should be a folder with a language model, but there is no such folder"):
        load_text_encoder(spec)


@pytest.mark.parametrize("config", [None, "{}", "[]", "not json"])
def test_a_folder_without_a_model_is_refused(tmp_path, config):
    if config:
        (tmp_path / "config.json").write_text(config)
    with pytest.raises(TextError, match=r"should (hold a language model|describe a model)"):
        load_text_encoder(str(tmp_path))


@pytest.mark.parametrize("lacking", ["model.safetensors", "weights", "vocabulary"])
def test_a_model_that_does_not_load_is_one_sentence(bert, tmp_path, lacking):
    folder = tmp_path / "broken"
    folder.mkdir()
    for file in bert.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    if lacking == "model.safetensors":
        (folder / lacking).unlink()
    elif lacking == "weights":
        (folder / "model.safetensors").write_bytes(b"nonsense")
    else:
        (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(TextError, match="that sentence-transformers can load on cpu, but that fails"):
        load_text_encoder(str(folder), cache=None).encode(["wave"])


def test_a_model_without_its_vocabulary_is_refused(bert, tmp_path):
    """transformers would make up a tokenizer for which all words are the same."""
    for file in ("config.json", "model.safetensors"):
        (tmp_path / file).write_bytes((bert / file).read_bytes())
    with pytest.raises(TextError, match="the tokenizer of its model, about 16 tokens, but it has one with 5"):
        load_text_encoder(str(tmp_path), cache=None).encode(["wave"])


def test_a_device_that_does_not_exist_is_one_sentence(bert):
    with pytest.raises(TextError, match="load on nonsense, but that fails"):
        load_text_encoder(str(bert), device="nonsense", cache=None).encode(["wave"])


def test_a_folders_revision_changes_with_its_files_and_not_with_its_place(bert, tmp_path):
    copy = tmp_path / "tiny"
    copy.mkdir()
    for file in bert.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    first = load_text_encoder(str(bert))
    assert first.revision.startswith("sha256 ")
    (copy / "README.md").write_text("no part of the model")
    assert load_text_encoder(str(copy)).revision == first.revision
    (copy / "vocab.txt").write_text("[PAD]")
    assert load_text_encoder(str(copy)).revision != first.revision


def test_without_a_network_the_sentence_says_what_to_do():
    with pytest.raises(
        TextError, match=r"openai/clip-vit-base-patch16 should lie in .* cannot be downloaded"
    ) as caught:
        load_text_encoder("openai/clip-vit-base-patch16@0123456789abcdef0123456789abcdef01234567").encode(["wave"])
    assert "hf download openai/clip-vit-base-patch16 --revision 0123456789abcdef" in str(caught.value)
    assert "--local-dir DIR, bring that folder here and say --encoder DIR" in str(caught.value)


@pytest.mark.parametrize("spec", ["mpnet", "nobody/no..model", "nobody/model@v1"])
def test_offline_too(hub, spec):
    with pytest.raises(TextError, match=r"run hf download .* --local-dir DIR"):
        load_text_encoder(spec)


def test_a_model_in_the_hub_cache_needs_no_network(hub, tmp_path):
    folder = write_clip(tmp_path / "clip")
    commit = write_hub_cache(hub, ENCODERS["clip-vit-b32"], folder)
    encoder = load_text_encoder("clip-vit-b32")
    assert (encoder.name, encoder.revision) == ("openai/clip-vit-base-patch32", commit)
    assert encoder.encode(["wave"]).shape == (1, 24)
    pinned = load_text_encoder(f"openai/clip-vit-base-patch32@{commit}")
    np.testing.assert_array_equal(pinned.encode(["kick"]), encoder.encode(["kick"]))


def test_a_model_without_weights_in_the_hub_cache_is_downloaded_in_one_format(hub, tmp_path, bert, monkeypatch):
    (tmp_path / "only config").mkdir()
    (tmp_path / "only config" / "config.json").write_text((bert / "config.json").read_text())
    write_hub_cache(hub, "nobody/model", tmp_path / "only config")
    there = ["config.json", "vocab.txt", "model.safetensors", "pytorch_model.bin", "2_Dense/pytorch_model.bin"]
    superfluous = ["tf_model.h5", "training_args.bin", "README.md", "onnx/config.json", "onnx/model.onnx"]
    info = SimpleNamespace(siblings=[SimpleNamespace(rfilename=file) for file in [*there, *superfluous]])
    asked = []

    def snapshot_download(name, revision, allow_patterns):
        asked.append((name, revision, allow_patterns))
        return str(bert)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    monkeypatch.setattr("huggingface_hub.model_info", lambda *_, **__: info)
    assert load_text_encoder("nobody/model").encode(["wave"]).shape == (1, 32)
    there.remove("pytorch_model.bin")
    assert asked == [("nobody/model", None, there)]


def test_a_home_is_a_folder_too(bert, monkeypatch):
    monkeypatch.setenv("HOME", str(Path(bert).parent))
    assert load_text_encoder("~/tiny").name == "tiny"
