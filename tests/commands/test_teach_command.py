"""`gzssar teach`."""

import shutil

import numpy as np
import pytest

from gzssar.cli import main
from gzssar.recognizer import Recognizer
from model_commands import quick_commands, refused
from recognizer_world import recordings


@pytest.fixture(autouse=True, scope="module")
def quick():
    with quick_commands():
        yield


@pytest.fixture
def own(model, tmp_path):
    """A model to change."""
    return shutil.copytree(model, tmp_path / "own")


@pytest.fixture
def clip(tmp_path):
    return write(tmp_path / "pour.npy", 0)


def write(path, number):
    """A recording of the synthetic world as frames × joints × 3."""
    joints = recordings(per_class=1, seed=5).sequence(number).joints[..., 0].transpose(1, 2, 0)
    np.save(path, joints)
    return path


def teach(*arguments):
    main(["teach", *map(str, arguments), "--layout", "ntu25", "--fps", "20"])


def test_a_new_class_by_one_clip_and_a_text(own, clip, capsys):
    teach(own, "pour tea", clip, "--motion", "one hand tilts a pot over a cup")
    assert "'pour tea' is known from 1 clip and from its texts\nModel: " in capsys.readouterr().out
    recognizer = Recognizer.load(own)
    assert "pour tea" in recognizer.seen_classes
    one = next(one for one in recognizer.known if one.text.label == "pour tea")
    assert (one.text.motion, one.clips, one.shown) == ("one hand tilts a pot over a cup", 1, True)


def test_a_further_clip_and_one_taken_back(own, clip, tmp_path, capsys):
    other = write(tmp_path / "other.npy", 3)
    teach(own, "pour tea", clip)
    before = next(one.centre for one in Recognizer.load(own).known if one.text.label == "pour tea")
    teach(own, "Pour Tea", other)
    assert "'pour tea' is known from 2 clips\n" in capsys.readouterr().out
    teach(own, "pour tea", other, "--remove")
    after = next(one.centre for one in Recognizer.load(own).known if one.text.label == "pour tea")
    np.testing.assert_allclose(after, before, atol=1e-4)
    teach(own, "pour tea", clip, "--remove")
    assert "'pour tea' is known from its texts\n" in capsys.readouterr().out


def test_another_folder_leaves_the_model_as_it_is(own, clip, tmp_path):
    teach(own, "pour tea", clip, "-o", tmp_path / "more")
    assert "pour tea" not in Recognizer.load(own).classes
    assert "pour tea" in Recognizer.load(tmp_path / "more").classes


def test_a_folder_of_clips(own, tmp_path, capsys):
    (tmp_path / "clips").mkdir()
    for number in range(3):
        write(tmp_path / "clips" / f"{number}.npy", number)
    teach(own, "pour tea", tmp_path / "clips")
    assert "'pour tea' is known from 3 clips\n" in capsys.readouterr().out


def test_what_is_said_of_many_clips_is_counted(own, tmp_path, capsys):
    (tmp_path / "clips").mkdir()
    for number in range(5):
        shutil.copy(write(tmp_path / "pour.npy", 0), tmp_path / "clips" / f"{number}.npy")
    teach(own, "pour tea", tmp_path / "clips")
    told = capsys.readouterr()
    assert "'pour tea' is known from 1 clip\n" in told.out
    assert told.err.count("This clip is given twice and counts once.") == 3
    assert "gzssar: 1.npy: This clip is given twice and counts once.\n" in told.err
    assert "gzssar: twice: 1 more clip has the same problem.\n" in told.err


def test_other_clips_than_those_shown_are_not_taken_back(own, clip, tmp_path, capsys):
    teach(own, "pour tea", clip)
    other = write(tmp_path / "other.npy", 3)
    message = refused(capsys, "teach", own, "pour tea", other, "--remove", "--layout", "ntu25", "--fps", "20")
    assert "should be those that showed 'pour tea', but others came: take back those, or remove the class." in message
    teach(own, "pour tea", clip, "--remove")
    assert "'pour tea' is known from its texts\n" in capsys.readouterr().out


def test_a_malformed_clip_is_left_out_on_request(own, clip, tmp_path, capsys):
    np.save(tmp_path / "bad.npy", np.zeros((4, 7, 3)))
    message = refused(capsys, "teach", own, "pour tea", clip, tmp_path / "bad.npy", "--layout", "ntu25", "--fps", "20")
    assert "bad.npy" in message
    assert "pour tea" not in Recognizer.load(own).classes
    teach(own, "pour tea", clip, tmp_path / "bad.npy", "--skip-bad")
    told = capsys.readouterr()
    assert "'pour tea' is known from 1 clip\n" in told.out
    assert "left out: " in told.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "`gzssar teach` needs clips: name a file or a folder after the label."),
        (("CLIP", "--remove", "--action", "to pour"), "leave them out if you use --remove."),
        (("CLIP", "--remove"), "'pour tea' should be one of the 12 classes, but it is not"),
        (("nowhere.npy",), "nowhere.npy"),
    ],
)
def test_what_cannot_be_taught(own, clip, capsys, arguments, said):
    arguments = [clip if word == "CLIP" else word for word in arguments]
    assert said in refused(capsys, "teach", own, "pour tea", *arguments, "--layout", "ntu25", "--fps", "20")


def test_texts_of_a_known_class_are_not_changed_in_passing(own, clip, capsys):
    message = refused(capsys, "teach", own, "wave", clip, "--motion", "x", "--layout", "ntu25", "--fps", "20")
    assert "there is a class 'wave' already, with its texts" in message


def test_a_label_that_is_empty(own, clip, capsys):
    assert "should have a label" in refused(capsys, "teach", own, " ", clip, "--layout", "ntu25", "--fps", "20")
