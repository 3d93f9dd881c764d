"""Classes of one's own recordings through the commands: folders' names, and tables of labels."""

import numpy as np
import pytest

from gzssar.cli import main
from gzssar.encoders.encoder import load_encoder
from gzssar.features.files import load_features
from gzssar.features.synse import read_synse
from gzssar.recognizer import Recognizer
from model_commands import SEEN, fit, quick_commands, refused
from recognizer_world import LABELS, SEEN_IDS, recordings

NTU25 = ("--layout", "ntu25", "--fps", "20")


@pytest.fixture(autouse=True, scope="module")
def quick():
    with quick_commands():
        yield


@pytest.fixture
def folders(tmp_path):
    """Five clips of each seen class of the toy world, in folders that are called after the classes."""
    drawn = recordings(per_class=5)
    for k in np.flatnonzero(drawn.labels < len(SEEN_IDS)):
        folder = tmp_path / "clips" / LABELS[SEEN_IDS[drawn.labels[k]]].upper()
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / f"{k}.npy", drawn.joints[k, ..., 0].transpose(1, 2, 0))
    return tmp_path / "clips"


def run(*arguments):
    main([*map(str, arguments)])


def test_fit_takes_classes_from_folders(folders, texts, weights, tmp_path, capsys):
    given = ("--data", folders, "--texts", texts, "--encoder-weights", weights, *NTU25, "-o", tmp_path / "model")
    fit(*given)
    told = capsys.readouterr().err.replace("\n", " ")
    assert "classes come from the names of folders: BOW, CLAP, CRAWL, DRINK, JUMP, KICK, POINT, SQUAT, THROW." in told
    assert "a quarter of each class's clips is held out at random" in told
    model = Recognizer.load(tmp_path / "model")
    assert model.seen_classes == SEEN
    assert model.parts.about["clips"] == 5 * len(SEEN)


def test_a_folder_that_is_no_class_is_refused_before_anything_is_encoded(folders, texts, weights, tmp_path, capsys):
    (folders / "CLAP").rename(folders / "klap")
    given = ("--data", folders, "--texts", texts, "--encoder-weights", weights, *NTU25, "-o", tmp_path / "model")
    said = refused(capsys, "fit", *given)
    assert "a folder in" in said
    assert "'klap' (nearest: 'clap') is none of their 12 labels" in said
    assert not list(tmp_path.glob(".model*"))


def test_too_few_clips_or_classes_are_counted(folders, texts, weights, tmp_path, capsys):
    given = ("--texts", texts, "--encoder-weights", weights, *NTU25, "-o", tmp_path / "model")
    table = tmp_path / "labels.csv"
    table.write_text("path,label\n" + "".join(f"{name}/*,{name}\n" for name in ("CLAP", "BOW", "KICK")))
    said = refused(capsys, "fit", "--data", folders, "--labels", table, *given)
    assert "fitting needs clips of at least 4 classes" in said
    assert "there are clips of 3" in said
    one_each = [sorted(folder.iterdir())[0] for folder in sorted(folders.iterdir())]
    table.write_text("path,label\n" + "".join(f"{path.name},{path.parent.name}\n" for path in one_each))
    said = refused(capsys, "fit", "--data", folders, "--labels", table, *given)
    assert "fitting needs a class with at least 4 clips" in said
    assert "no class has more than 1" in said


def test_embedded_classes_are_matched_by_name_alone(folders, texts, weights, tmp_path, capsys):
    run("embed", folders, "--weights", weights, *NTU25, "-o", tmp_path / "f.npz")
    assert "classes come from the names of folders" in capsys.readouterr().err
    features = load_features(tmp_path / "f.npz")
    assert features.provenance["class_names"] == sorted(label.upper() for label in SEEN)
    fit("--features", tmp_path / "f.npz", "--texts", texts, "-o", tmp_path / "model")
    assert Recognizer.load(tmp_path / "model").seen_classes == SEEN
    for folder in folders.iterdir():
        folder.rename(folders / f"my {folder.name}s")
    run("embed", folders, "--weights", weights, *NTU25, "-o", tmp_path / "g.npz")
    said = refused(capsys, "fit", "--features", tmp_path / "g.npz", "--texts", texts, "-o", tmp_path / "other")
    assert "clips are of a class called 'my BOWs', but no row of the texts has that label" in said


def test_embed_numbers_classes_as_texts_do(folders, texts, weights, tmp_path):
    run("embed", folders, "--weights", weights, *NTU25, "--texts", texts, "-o", tmp_path / "f.npz")
    features = load_features(tmp_path / "f.npz")
    assert features.provenance["class_names"] == list(LABELS)
    assert sorted(set(features.labels.tolist())) == list(SEEN_IDS)


def test_another_table_is_another_job(folders, weights, tmp_path):
    clip = sorted((folders / "CLAP").iterdir())[0].name
    for label in ("a", "b"):
        (tmp_path / "labels.csv").write_text(f"path,label,performer\n{clip},{label},{len(label) + ord(label)}\n")
        given = ("--labels", tmp_path / "labels.csv", "-o", tmp_path / f"{label}.npz")
        run("embed", folders, "--weights", weights, *NTU25, *given)
    one, other = (load_features(tmp_path / f"{name}.npz") for name in "ab")
    assert (len(one), one.provenance["class_names"], one.subjects.tolist()) == (1, ["a"], [98])
    assert one.provenance["job"] != other.provenance["job"]


def test_an_encoder_learns_from_folders_without_performers(folders, texts, tmp_path, capsys):
    split = ("--unseen", "0", "2", "--validation-unseen", "3", "4", "--texts", tmp_path / "seen.csv", *NTU25)
    (tmp_path / "seen.csv").write_text("label\n" + "".join(f"{LABELS[k]}\n" for k in reversed(SEEN_IDS)))
    small = (
        "--width",
        "2",
        "--frames",
        "8",
        "--epochs",
        "1",
        "--batch-size",
        "8",
        "--body-count",
        "1",
        "--device",
        "cpu",
    )
    for phase in ("test", "validation"):
        run("train-encoder", folders, "-o", tmp_path / f"{phase}.safetensors", "--phase", phase, *split, *small)
    told = capsys.readouterr().err.replace("\n", " ")
    assert "no clip says who performs it, so the last quarter of each class's clips is kept from training" in told
    encoder = load_encoder(tmp_path / "test.safetensors")
    assert encoder.classes == (1, 3, 4, 5, 6, 7, 8)
    assert encoder.provenance["class_names"] == [LABELS[k] for k in reversed(SEEN_IDS)]
    assert encoder.provenance["performers"] == []
    both = ("--weights", tmp_path / "test.safetensors", "--validation-weights", tmp_path / "validation.safetensors")
    run("embed", folders, *both, "--synse", tmp_path / "synse", *split, "--device", "cpu")
    benchmark = read_synse(tmp_path / "synse")
    assert len(benchmark.test.train) == 7 * 4
    assert len(benchmark.test.test) == 9


def test_labels_go_with_recordings(texts, tmp_path, capsys):
    said = refused(capsys, "fit", "--features", "f.npz", "--labels", "l.csv", "--texts", texts, "-o", tmp_path / "m")
    assert "--labels needs --data" in said


def test_inspect_and_show_name_the_classes(folders, tmp_path, capsys):
    run("inspect", folders, *NTU25)
    told = " ".join(capsys.readouterr().out.split())
    assert "5 each: BOW, CLAP, CRAWL" in told
    run("show", folders, *NTU25, "--index", "5", "-o", tmp_path / "clip.png", "--frames", "1")
    assert "(CLAP): " in capsys.readouterr().out
