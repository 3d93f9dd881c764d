"""``gzssar inspect``: how it ends."""

import json

import numpy as np
import pytest

from gzssar.cli import main
from gzssar.skeletons.layout import NTU25


def write_clip(path):
    path.write_text(json.dumps({"skeletons": np.random.default_rng(0).normal(size=(4, 20, 3)).tolist()}))


def test_where_something_can_be_read_it_ends_well_and_names_the_rest(tmp_path, capsys):
    write_clip(tmp_path / "clip.json")
    (tmp_path / "bad.json").write_text('{"skeletons": []}')
    np.savetxt(tmp_path / "forces.csv", np.ones((4, 75)), delimiter=",")
    main(["inspect", str(tmp_path)])
    said = " ".join(capsys.readouterr().out.split())
    assert "1 of 2" in said
    assert "The reader finds errors in 1 clip: bad.json." in said
    assert "Left out, because they may be tables of other numbers: forces.csv." in said


def test_where_nothing_can_be_read_it_says_so_by_its_exit_code(tmp_path, capsys):
    (tmp_path / "bad.json").write_text('{"skeletons": []}')
    with pytest.raises(SystemExit) as ended:
        main(["inspect", str(tmp_path)])
    assert ended.value.code == 1
    assert "0 of 1" in capsys.readouterr().out


def test_clips_keep_their_numbers_where_a_file_leaves_some_out(tmp_path, capsys):
    drawn = np.random.default_rng(0).normal(size=(9, 25, 3))
    clips = tmp_path / "clips.npz"
    np.savez(
        clips,
        joints=drawn,
        offsets=np.array([0, 3, 6, 9]),
        is_dup=np.array([False, True, False]),
        joint_names=np.array(NTU25.joint_names),
        fps=np.float32(30),
    )
    main(["show", str(clips), "--index", "2", "-o", str(tmp_path / "clip.png")])
    assert "clips.npz[2]" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["show", str(clips), "--index", "1", "-o", str(tmp_path / "clip.png"), "--numbers"])
    assert "2 clips, numbered from 0 to 2, but none has the number 1" in capsys.readouterr().err
