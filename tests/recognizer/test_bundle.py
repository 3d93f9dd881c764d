import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest

import gzssar.recognizer.bundle as bundle
from gzssar.errors import DataError, OutputError
from gzssar.recognizer import Recognizer
from gzssar.recognizer.fitting import Fitting
from gzssar.texts.encoding import Encoding
from recipes import changed
from recognizer_world import LABELS, QUICK, UNSEEN, clips_of, fitted, recordings

FILES = {"config.json", "weights.safetensors", "encoder.safetensors", "texts.csv", "README.md"}


@pytest.fixture(scope="module")
def clips():
    drawn = recordings(per_class=1, seed=3)
    return [drawn.sequence(k) for k in range(4)]


@pytest.fixture
def folder(on_recordings, tmp_path):
    """A recognizer's folder, for a test to break."""
    on_recordings.save(tmp_path / "model")
    return tmp_path / "model"


def files(folder):
    return {path.name for path in folder.iterdir()}


def guarded(folder):
    """All files but the model card."""
    return [folder / name for name in sorted(FILES - {"README.md"})]


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def change_config(folder, change):
    """Edit config.json as somebody would who also knows of the digest."""
    config = json.loads((folder / "config.json").read_text())
    change(config)
    config["digest"] = bundle.digest_of(config)
    (folder / "config.json").write_text(json.dumps(config))


# there and back


def test_what_is_loaded_predicts_the_same_bit_for_bit(folder, on_recordings, clips):
    loaded = Recognizer.load(folder)
    assert loaded.classes == on_recordings.classes
    assert loaded.texts == on_recordings.texts
    assert loaded.predict(clips, top_k=None) == on_recordings.predict(clips, top_k=None)
    assert np.array_equal(loaded.predict_proba(clips), on_recordings.predict_proba(clips))
    assert loaded.card == on_recordings.card
    assert loaded.parts.abstention == on_recordings.parts.abstention
    loaded.add_class("sit", "to sit", "knees bend")
    on_recordings.add_class("sit", "to sit", "knees bend")
    assert loaded.predict(clips, top_k=None) == on_recordings.predict(clips, top_k=None)


@pytest.mark.parametrize("roots", [True, False])
@pytest.mark.parametrize("words", [True, False])
def test_square_roots_and_words_there_and_back(tmp_path, roots, words):
    one = fitted(fitting=Fitting(recipe=changed(QUICK, roots=roots, words=words)))
    one.save(tmp_path / "model")
    loaded, features = Recognizer.load(tmp_path / "model"), clips_of(range(len(LABELS))).features
    assert loaded.parts.skeleton_space.roots == roots
    assert loaded.parts.skeleton_space.width == features.shape[1]
    assert loaded.parts.words == words
    for recognizer in (one, loaded):
        recognizer.add_class("sit", "to sit", "knees bend")
    assert np.array_equal(loaded.known[-1].centre, one.known[-1].centre)
    assert loaded.predict_features(features, top_k=None) == one.predict_features(features, top_k=None)


def test_one_that_takes_features_alone(on_features, tmp_path):
    on_features.save(str(tmp_path / "model"))
    assert files(tmp_path / "model") == FILES - {"encoder.safetensors"}
    loaded, features = Recognizer.load(str(tmp_path / "model")), clips_of(range(len(LABELS))).features
    assert not loaded.has_encoder
    assert loaded.predict_features(features, top_k=None) == on_features.predict_features(features, top_k=None)


def test_what_is_saved_twice_is_equal_to_the_byte(on_features, tmp_path):
    on_features.save(tmp_path / "model")
    Recognizer.load(tmp_path / "model").save(tmp_path / "again")
    assert content(tmp_path / "again") == content(tmp_path / "model")


def test_no_file_is_a_pickle(folder):
    assert files(folder) == FILES
    for path in folder.iterdir():
        start = path.read_bytes()[:9]
        assert start[8:] == b"{" if path.suffix == ".safetensors" else start.decode("utf-8")


def test_folders_above_are_made_and_others_may_read(folder, on_features, tmp_path):
    on_features.save(tmp_path / "a/b/model")
    assert files(tmp_path / "a/b") == {"model"}
    assert (tmp_path / "a/b/model").stat().st_mode & 0o700 == 0o700
    assert folder.stat().st_mode == (tmp_path / "a").stat().st_mode


def test_added_classes_are_kept_and_removed_ones_are_gone(on_features, tmp_path):
    on_features.add_class("sit", motion='knees bend,\r\nthen "rest"\rand\nwait')
    on_features.remove_class("clap")
    on_features.remove_class("wave")
    on_features.save(tmp_path / "model")
    loaded, features = Recognizer.load(tmp_path / "model"), clips_of([0, 1, 2]).features
    assert loaded.classes == on_features.classes
    assert loaded.texts == on_features.texts
    assert not loaded.seen_classes & {"clap", "sit"}
    assert loaded.predict_features(features, top_k=None) == on_features.predict_features(features, top_k=None)


@pytest.mark.parametrize("left", [("clap",), UNSEEN[:1]])
def test_a_recognizer_of_one_class(on_features, tmp_path, left):
    for label in on_features.classes:
        if label not in left:
            on_features.remove_class(label)
    on_features.save(tmp_path / "model")
    assert Recognizer.load(tmp_path / "model").classes == left


def test_tables_of_many_encoders_keep_their_order(tmp_path):
    """Twelve tables: the tenth must not come before the second."""
    several = fitted(fitting=Fitting(encoding=Encoding(("e1", "e2", "e3", "e4")), recipe=QUICK))
    several.save(tmp_path / "model")
    loaded = Recognizer.load(tmp_path / "model")
    for one, other in zip(several.known, loaded.known, strict=True):
        assert len(one.tables) == 12
        assert all(np.array_equal(a, b) for a, b in zip(one.tables, other.tables, strict=True))


# the card


def test_notes_in_the_card_change_nothing_else(folder):
    before = Recognizer.load(folder).classes
    for text in ("# Notes\n\nMade on a Tuesday.", ""):
        (folder / "README.md").write_text(text)
        assert Recognizer.load(folder).classes == before
    (folder / "README.md").unlink()
    assert Recognizer.load(folder).classes == before


def test_samples_that_cannot_be_copied_are_named(on_features, folder):
    (folder / "samples").mkdir()
    (folder / "samples" / "lost.npy").symlink_to(folder / "nowhere")
    with pytest.raises(OutputError, match=r"lost\.npy: .*No such file"):
        on_features.save(folder, overwrite=True)


def test_the_card_says_which_classes_changed_since_the_scores(on_features, tmp_path):
    assert "before the classes changed" not in on_features.card
    on_features.add_class("sit")
    on_features.remove_class("clap")
    on_features.add_class("clap", motion="hands meet")  # no longer a seen one
    on_features.remove_class("wave")
    said = "**The scores were measured before the classes changed** (added clap, removed clap, added sit, removed wave)"
    assert said in on_features.card
    on_features.save(tmp_path / "model")
    assert said in Recognizer.load(tmp_path / "model").card


# damage


def test_an_altered_byte_is_noticed_in_each_file(folder):
    for path in guarded(folder):
        whole = path.read_bytes()
        for place in (20, len(whole) // 2, len(whole) - 3):
            damaged = bytearray(whole)
            damaged[place] ^= 1
            path.write_bytes(damaged)
            with pytest.raises(DataError, match=path.name):
                Recognizer.load(folder)
        path.write_bytes(whole)
    Recognizer.load(folder)


@pytest.mark.parametrize("kept", [0, 7, 0.5])
def test_a_file_that_was_cut_off_is_noticed(folder, kept):
    for path in guarded(folder):
        whole = path.read_bytes()
        path.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
        with pytest.raises(DataError, match=f"{path.name} .*(changed or cut off|cut off or not JSON)"):
            Recognizer.load(folder)
        path.write_bytes(whole)


def test_a_missing_file_is_named(folder):
    for name in sorted(FILES - {"config.json", "README.md"}):
        (folder / name).rename(folder / "elsewhere")
        with pytest.raises(DataError, match=f"should hold {name}, but it does not: copy the whole folder again"):
            Recognizer.load(folder)
        (folder / "elsewhere").rename(folder / name)
    (folder / "config.json").unlink()
    with pytest.raises(DataError, match=r"that `gzssar fit` wrote, but it has no config\.json"):
        Recognizer.load(folder)


@pytest.mark.parametrize("path", [("calibration", "threshold"), ("calibration", "seen_temperature"), ("gate", "bias")])
def test_a_changed_number_is_noticed(folder, path):
    config = json.loads((folder / "config.json").read_text())
    config[path[0]][path[1]] += 0.001
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(DataError, match=r"config\.json was changed after it was saved"):
        Recognizer.load(folder)


def test_an_older_version_is_refused_since_its_clips_had_any_frame_rate(folder):
    change_config(folder, lambda config: config.update(version=1))
    with pytest.raises(DataError, match=r"before clips were brought to the encoder's frame rate .*: fit again"):
        Recognizer.load(folder)


def test_the_version_before_loads_with_its_whole_text_matrix(tmp_path):
    from safetensors.numpy import load_file, save_file

    one = fitted(fitting=Fitting(recipe=changed(QUICK, words=True)))
    one.save(tmp_path / "model")
    arrays = load_file(tmp_path / "model" / "weights.safetensors")
    rows, matrix = arrays.pop("text.rows"), one.parts.text_space.matrix
    assert len(rows) == len(arrays["text.matrix"]) < len(matrix) / 10
    save_file(arrays | {"text.matrix": matrix}, tmp_path / "model" / "weights.safetensors")
    digest = bundle.hash_file(tmp_path / "model" / "weights.safetensors")
    change_config(tmp_path / "model", lambda told: told.update(version=5))
    change_config(tmp_path / "model", lambda told: told["files"].update({"weights.safetensors": digest}))
    assert np.array_equal(Recognizer.load(tmp_path / "model").parts.text_space.matrix, matrix)


@pytest.mark.parametrize("change", [lambda r: r[::-1], lambda r: r[1:], lambda r: r + 10**6, lambda r: r.astype(float)])
def test_rows_that_do_not_fit_the_text_matrix_are_refused(folder, change):
    from safetensors.numpy import load_file, save_file

    arrays = load_file(folder / "weights.safetensors")
    arrays["text.rows"] = np.ascontiguousarray(change(arrays["text.rows"]))
    save_file(arrays, folder / "weights.safetensors")
    digest = bundle.hash_file(folder / "weights.safetensors")
    change_config(folder, lambda told: told["files"].update({"weights.safetensors": digest}))
    with pytest.raises(DataError, match=r"text\.rows should number the rows of text\.matrix"):
        Recognizer.load(folder)


def test_a_newer_version_asks_for_an_upgrade(folder):
    change_config(folder, lambda config: config.update(version=bundle.VERSION + 1))
    with pytest.raises(
        DataError,
        match=rf"written by a newer gzssar \(format version {bundle.VERSION + 1}, here {bundle.VERSION}\): upgrade",
    ):
        Recognizer.load(folder)


def test_a_config_that_lists_no_files(folder):
    change_config(folder, lambda config: config.update(files={}))
    with pytest.raises(DataError, match="should list the files of the recognizer, but it does not"):
        Recognizer.load(folder)


def test_what_is_no_recognizer(tmp_path):
    with pytest.raises(DataError, match="that `gzssar fit` wrote, but there is no such folder"):
        Recognizer.load(tmp_path / "nowhere")
    (tmp_path / "file").write_text("{}")
    with pytest.raises(DataError, match="that `gzssar fit` wrote, but it is a file"):
        Recognizer.load(tmp_path / "file")
    with pytest.raises(DataError, match=r"but it has no config\.json"):
        Recognizer.load(tmp_path)
    for foreign in ("{}", "[]", '{"format": "other"}'):
        (tmp_path / "config.json").write_text(foreign)
        with pytest.raises(DataError, match=r"but its config\.json was written by another program"):
            Recognizer.load(tmp_path)
    for broken in (b"", b"{", b"\xff\xfe", b"[" * 100_000):
        (tmp_path / "config.json").write_bytes(broken)
        with pytest.raises(DataError, match=r"config\.json should be JSON, but it is cut off or not JSON"):
            Recognizer.load(tmp_path)


# over what is there


def test_another_recognizer_is_replaced_if_asked_and_its_samples_stay(folder, on_features):
    (folder / "samples").mkdir()
    (folder / "samples/clip.npz").write_bytes(b"a clip")
    before = content(folder)
    with pytest.raises(OutputError, match=r"holds a recognizer already: .* overwrite=True"):
        on_features.save(folder)
    assert content(folder) == before
    on_features.save(folder, overwrite=True)
    assert files(folder) == (FILES - {"encoder.safetensors"}) | {"samples"}
    assert (folder / "samples/clip.npz").read_bytes() == b"a clip"
    assert not Recognizer.load(folder).has_encoder
    assert files(folder.parent) == {"model"}


def test_an_empty_folder_is_filled_and_a_link_stays_one(on_features, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for _ in range(2):
        on_features.save(tmp_path / "link", overwrite=True)
        assert (tmp_path / "link").is_symlink()
        assert Recognizer.load(tmp_path / "real").classes == on_features.classes


def test_an_empty_folder_one_stands_in(on_features, tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path / "model")
    on_features.save(".")
    assert Recognizer.load(tmp_path / "model").classes == on_features.classes


def test_something_else_is_left_alone(folder, on_features, tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/config.json").write_text('{"format": "other"}')
    for place in ("file", "full"):
        with pytest.raises(OutputError, match="should be a new or empty folder, but"):
            on_features.save(tmp_path / place)
    (folder / "thesis.tex").write_text("mine")
    before = content(tmp_path)
    with pytest.raises(OutputError, match=r"and also 'thesis\.tex', which would be lost"):
        on_features.save(folder, overwrite=True)
    with pytest.raises(OutputError, match="cannot be written"):
        on_features.save(tmp_path / "file/model")
    assert content(tmp_path) == before


class Killed(BaseException):
    pass


@pytest.mark.parametrize("name", ["_write_weights", "save_encoder", "write_text", "write_json"])
@pytest.mark.parametrize("old", [True, False])
def test_a_kill_in_the_middle_leaves_the_old_one_and_nothing_else(on_recordings, tmp_path, monkeypatch, name, old):
    folder = tmp_path / "model"
    if old:
        on_recordings.save(folder)
    before = content(tmp_path)
    on_recordings.remove_class("clap")

    def kill(*_):
        raise Killed

    monkeypatch.setattr(bundle, name, kill)
    with pytest.raises(Killed):
        on_recordings.save(folder, overwrite=True)
    assert content(tmp_path) == before
    assert files(tmp_path) == ({"model"} if old else set())


def test_what_a_kill_moved_away_comes_back_at_load_and_at_save(folder, on_features, clips):
    """Where two folders cannot be exchanged in one step; see tests/test_folders.py."""
    left = folder.with_name(".model.abcdefgh.part")
    for come_back in (lambda: Recognizer.load(folder), lambda: on_features.save(folder, overwrite=True)):
        left.mkdir(exist_ok=True)
        folder.rename(left / "old")
        come_back()
        assert Recognizer.load(folder).classes == on_features.classes
    assert files(folder.parent) == {"model"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(on_features, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(OutputError, match="cannot be written"):
        on_features.save(tmp_path / "locked/model")
    (tmp_path / "locked").chmod(0o700)


def test_a_folder_may_move(folder, on_recordings, clips, tmp_path):
    shutil.move(folder, tmp_path / "elsewhere")
    assert Recognizer.load(tmp_path / "elsewhere").predict(clips) == on_recordings.predict(clips)


# the card


def test_the_card_tells_classes_and_scores(folder, on_recordings):
    card = (folder / "README.md").read_text()
    assert card == on_recordings.card
    assert "This model recognizes 12 actions" in card
    assert "It learned 9 of them from clips and knows 3 only from their texts." in card
    assert f"- unseen: {', '.join(UNSEEN)}" in card
    assert "minilm (fake 1)" in card
    assert "Shift-GCN, 8 frames, joint stream (weights random)" in card
    scores = on_recordings.parts.about["scores"]
    assert f"harmonic mean of S and U (H) | {scores['harmonic_mean']:.3f} |" in card
    assert "Synthetic" not in card


def test_the_card_says_what_is_made_up_or_missing(on_features):
    scores = on_features.parts.about["scores"]
    doubts = {"scale": {"clips": 2, "first": "a", "sentence": "Too large."}}
    about = {"synthetic": True, "scores": scores, "recordings": {"doubts": doubts}}
    parts = replace(on_features.parts, about=about)
    made_up = Recognizer(parts, [one for one in on_features.known if not one.seen])
    assert made_up.synthetic
    assert not on_features.synthetic
    for sentence in (
        "**Synthetic:**",
        "- noticed: scale in 2 clips; the first is a: Too large.",
        "- seen: none\n",
        "the model takes features",
    ):
        assert sentence in made_up.card
    only_seen = Recognizer(parts, [one for one in on_features.known if one.seen])
    assert "- unseen: none\n" in only_seen.card
