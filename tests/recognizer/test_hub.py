"""Recognizers by name: folders, ready models, and repositories of a hub on loopback."""

import re
import sys

import numpy as np
import pytest
import yaml

from gzssar.encoders.encoder import save_encoder
from gzssar.errors import ConfigError, DataError, MissingExtraError, OutputError
from gzssar.recognizer import Recognizer
from gzssar.texts.classes import ClassTexts
from hub_world import NAME, hub
from models_world import known, model_of, serving
from recognizer_world import TEXTS, fitted_on_recordings, small_encoder, table

OWN = ClassTexts(TEXTS[:4])
BUNDLE = {"config.json", "weights.safetensors", "texts.csv", "README.md"}


@pytest.fixture
def shared(tmp_path):
    with hub(tmp_path / "hub cache") as served:
        yield served


@pytest.fixture
def saved(on_features, tmp_path):
    """The files of a recognizer's folder, by name."""
    on_features.save(tmp_path / "saved")
    return {path.name: path.read_bytes() for path in (tmp_path / "saved").iterdir()}


# there and back


def test_what_is_pushed_is_loaded(shared, on_recordings, capfd):
    on_recordings.add_class("pour tea", motion="one hand tilts a pot")
    address = on_recordings.push_to_hub(NAME, token="hf_secret")
    sha = shared.branches["main"]
    assert address == f"{shared.address}/{NAME}/commit/{sha}"
    assert set(shared.files()) == {*BUNDLE, "encoder.safetensors", ".gitattributes"}
    assert shared.tokens == {"Bearer hf_secret"}
    assert shared.messages == ["Upload a gzssar recognizer"]
    again = Recognizer.from_pretrained(NAME)
    assert again.classes == on_recordings.classes
    some = np.random.default_rng(0).normal(size=(5, 16)).astype(np.float32)
    assert np.array_equal(table(again, some), table(on_recordings, some))
    assert again.parts.about["hub"] == {"repository": NAME, "commit": sha}
    assert f"- loaded from: {NAME} at {sha}\n" in again.card
    assert capfd.readouterr() == ("", "")


def test_the_card_has_a_head_for_the_hub_that_saved_ones_lack(shared, on_features, saved):
    on_features.push_to_hub(NAME, license="cc-by-nc-4.0")
    _, head, card = shared.files()["README.md"].decode().split("---\n", 2)
    assert yaml.safe_load(head) == {
        "library_name": "gzssar",
        "tags": ["skeleton", "action-recognition", "zero-shot"],
        "license": "cc-by-nc-4.0",
    }
    assert card.startswith("\n" + saved["README.md"].decode())
    assert f'Recognizer.from_pretrained("{NAME}")' in card
    on_features.push_to_hub(NAME)
    assert "license" not in shared.files()["README.md"].decode().split("---\n")[1]


def test_a_branch_and_a_message(shared, on_features):
    on_features.push_to_hub(NAME, private=True, revision="next", commit_message="Try more texts")
    assert shared.private is True
    assert shared.messages == ["Try more texts"]
    assert set(shared.files("main")) == {".gitattributes"}
    assert set(shared.files("next")) == {*BUNDLE, ".gitattributes"}


def test_streams_that_it_no_longer_has_go(shared, on_features):
    shared.private = False
    shared.commit({"encoder-bone.safetensors": b"old", "notes.txt": b"mine"})
    on_features.push_to_hub(NAME)
    assert set(shared.files()) == {*BUNDLE, "notes.txt"}


@pytest.mark.parametrize(("there", "wanted"), [(False, True), (True, False)])
def test_nothing_goes_to_a_repository_that_others_see_against_what_was_said(shared, on_features, there, wanted):
    shared.private = there
    shared.commit({})
    words = ("public", "private")
    with pytest.raises(ConfigError, match=f"should be {words[wanted]}, but it exists already and is {words[there]}:"):
        on_features.push_to_hub(NAME, private=wanted)
    assert shared.files() == {}


def test_a_refused_push(shared, on_features):
    shared.refusal = (403, "")
    with pytest.raises(OutputError, match=rf"^{NAME} cannot be written on the Hugging Face hub \(.*403.*name a token"):
        on_features.push_to_hub(NAME)


@pytest.mark.parametrize("name", ["actions", "a/b/c", "./actions", "some one/actions"])
def test_other_names_of_repositories(on_features, name):
    with pytest.raises(ConfigError, match="is named user/name, but"):
        on_features.push_to_hub(name)


def test_the_terms_of_a_ready_models_weights_are_told(shared, monkeypatch):
    recognizer = fitted_on_recordings(small_encoder())  # whose weights are called "random"
    known(monkeypatch, model_of({"random": b""}, streams=("joint",)))
    recognizer.push_to_hub(NAME)
    assert "- a toy: CC0-1.0; no terms. Cite Nobody, 2026\n" in shared.files()["README.md"].decode()
    known(monkeypatch, model_of({"other": b""}, streams=("joint",)))
    recognizer.push_to_hub(NAME)
    assert "## Terms" not in shared.files()["README.md"].decode()


# from the hub


def test_files_beside_the_recognizer_stay_there(shared, saved):
    shared.commit(
        {**saved, "model.pkl": b"\x80", "pytorch_model.bin": b"\x80", "model.safetensors": b"\0", "a.py": b""}
    )
    Recognizer.from_pretrained(NAME)
    assert shared.fetched() == BUNDLE


def test_a_revision_is_a_branch_or_a_commit(shared, saved, on_features):
    first = shared.commit(saved)
    on_features.remove_class("wave")
    on_features.push_to_hub(NAME, revision="next")
    assert "wave" not in Recognizer.from_pretrained(NAME, revision="next").classes
    pinned = Recognizer.from_pretrained(NAME, revision=first)
    assert "wave" in pinned.classes
    assert pinned.parts.about["hub"]["commit"] == first


def test_what_came_once_needs_no_hub(shared, saved, tmp_path):
    sha = shared.commit(saved)
    with pytest.raises(DataError, match=rf"^{NAME} should be in the local cache .* and nothing may be downloaded"):
        Recognizer.from_pretrained(NAME, local_files_only=True)
    assert shared.asked == []
    Recognizer.from_pretrained(NAME, cache_dir=tmp_path / "mine", token="hf_secret")
    assert shared.tokens == {"Bearer hf_secret"}
    shared.refusal = (503, "")
    again = Recognizer.from_pretrained(NAME, cache_dir=tmp_path / "mine", local_files_only=True)
    assert again.parts.about["hub"]["commit"] == sha


@pytest.mark.parametrize("name", ["config.json", "weights.safetensors", "texts.csv"])
def test_a_damaged_file(shared, saved, name):
    sha = shared.commit({**saved, name: saved[name][: len(saved[name]) // 2]})
    with pytest.raises(
        DataError, match=rf"^{NAME} at {sha} should hold a recognizer, .*{re.escape(name)} (should|was) .* try"
    ):
        Recognizer.from_pretrained(NAME)


def test_another_librarys_model(shared):
    shared.commit({"config.json": b'{"model_type": "bert"}'})
    with pytest.raises(DataError, match=r"does not load: .* its config.json was written by another program"):
        Recognizer.from_pretrained(NAME)


def test_no_repository_of_that_name(shared):
    with pytest.raises(
        DataError, match=r"^no/body should be a folder or a repository .* check the name; if it is priv"
    ):
        Recognizer.from_pretrained("no/body")


def test_no_such_revision(shared, saved):
    shared.commit(saved)
    for revision in ("v9", "0" * 40):
        with pytest.raises(DataError, match=f"^{NAME} should have the revision {revision}, but it does not: name"):
            Recognizer.from_pretrained(NAME, revision=revision)


def test_a_gated_repository(shared):
    shared.refusal = (403, "GatedRepo")
    with pytest.raises(DataError, match=f"^{NAME} is a gated repository: ask for access on its page"):
        Recognizer.from_pretrained(NAME)


def test_no_network(shared):
    shared.server.server_close()
    with pytest.raises(
        DataError, match=r"(hub does not answer|downloaded from the Hugging Face hub) \(.*\): try again"
    ):
        Recognizer.from_pretrained(NAME)


def test_without_the_extra(on_features, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'gzssar\[hub\]'"):
        Recognizer.from_pretrained(NAME)
    with pytest.raises(MissingExtraError, match=r"pip install 'gzssar\[hub\]'"):
        on_features.push_to_hub(NAME)


# folders, ready models, and what is neither


def test_a_folder_comes_first(saved, tmp_path, monkeypatch, on_features):
    monkeypatch.chdir(tmp_path)
    for name in (tmp_path / "saved", str(tmp_path / "saved"), "saved"):
        assert Recognizer.from_pretrained(name).classes == on_features.classes
    known(monkeypatch, model_of({"a.pt": b"", "b.pt": b""}))
    on_features.save("toy")
    assert Recognizer.from_pretrained("toy").classes == on_features.classes
    with pytest.raises(DataError, match=r"nowhere should be a folder .* there is no such folder"):
        Recognizer.from_pretrained(tmp_path / "nowhere")


def test_a_ready_model_is_fetched_and_knows_its_own_classes(tmp_path, monkeypatch):
    monkeypatch.setenv("GZSSAR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("gzssar.recognizer.hub.load_packaged_texts", {"synthetic": OWN}.__getitem__)
    save_encoder(tmp_path / "joint.pt", small_encoder())
    contents = {"joint.pt": (tmp_path / "joint.pt").read_bytes()}
    with serving(contents) as served:
        known(monkeypatch, model_of(contents, served.address, ("joint",)))
        with pytest.raises(ConfigError, match="fetch it with gzssar models get toy"):
            Recognizer.from_pretrained("toy", local_files_only=True)
        recognizer = Recognizer.from_pretrained("toy")
        assert served.asked == ["joint.pt"]
    assert recognizer.seen_classes == set(OWN.of_kind("label"))
    assert recognizer.frames == 8
    assert "- clips: none\n" in recognizer.card
    assert Recognizer.from_pretrained("toy", local_files_only=True).classes == recognizer.classes


@pytest.mark.parametrize("name", ["ntu120", "."])
def test_revisions_are_of_repositories(name):
    with pytest.raises(ConfigError, match=rf"a revision goes with a repository .* but {re.escape(name)} is a"):
        Recognizer.from_pretrained(name, revision="main")


@pytest.mark.parametrize("name", ["ntu12", "./nowhere", "../a/b", "a/b/c", "/nowhere", "C:\\nowhere", ""])
def test_what_is_no_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((ConfigError, DataError), match=r"is none of them|should be a folder"):
        Recognizer.from_pretrained(name)
