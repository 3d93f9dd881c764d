"""Whatever is wrong with an input, the command line says it in one sentence, exits with 2 and writes nothing."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import gzssar
from gzssar.cli import main
from gzssar.methods.recipe import DEFAULT, RECIPES
from recipes import changed
from synse_folder import CLASSES, UNSEEN, VALIDATION_UNSEEN, WIDTH, write_synse_folder

TEST, VALIDATION = "sk_feats/shift_3_r", "sk_feats/shift_val_3_r"


def arguments(synse: Path, out: Path, *more: str) -> list[str]:
    return ["run", "--synse", str(synse), "--text-features", str(synse / "texts"), "--out", str(out), *more]


def sentence(capsys, given: list[str]) -> str:
    """What the command says on stderr, which must be one line that ends as a sentence."""
    with pytest.raises(SystemExit) as stopped:
        main(given)
    printed = capsys.readouterr()
    assert stopped.value.code == 2
    assert printed.out == ""
    assert re.fullmatch(r"gzssar: [^\n]+\.\n", printed.err), printed.err
    return printed.err


def change(name: str, how):
    """A breaking of one array file."""

    def broken(synse: Path) -> None:
        path = synse / f"{name}.npy"
        np.save(path, how(np.load(path)), allow_pickle=True)

    return broken


def contents(name: str, data: bytes):
    """A breaking that writes something else under a file's name."""
    return lambda synse: (synse / f"{name}.npy").write_bytes(data)


def put(name: str, row, value):
    """A breaking of one entry."""

    def how(array):
        array[row] = value
        return array

    return change(name, how)


def zipped(synse: Path) -> None:
    path = synse / TEST / "train.npy"
    with path.open("wb") as file:
        np.savez(file, train=np.zeros((3, WIDTH)))


def without(name: str):
    return lambda synse: (synse / f"{name}.npy").unlink()


def both(*breakings):
    return lambda synse: [one(synse) for one in breakings]


def renamed(old: str, new: str):
    return lambda synse: (synse / old).rename(synse / new)


def without_class(folder: str, features: str, labels: str, k: int):
    """A breaking that takes all clips of class `k` out of a pair of files."""

    def broken(synse: Path) -> None:
        y = np.load(synse / folder / f"{labels}.npy")
        for name in (features, labels):
            path = synse / folder / f"{name}.npy"
            np.save(path, np.load(path)[y != k])

    return broken


BROKEN = {
    # files
    "missing features": (without(f"{TEST}/gtest"), r"gtest\.npy should hold skeleton features .* no such file"),
    "missing split file": (without("label_splits/rv3_0"), r"rv3_0\.npy should hold .* no such file"),
    "missing text table": (
        without("texts/ad_12"),
        r"ad_12\.npy should hold one text feature per class .* no such file",
    ),
    "no validation folder": (renamed(VALIDATION, "sk_feats/other"), "should hold shift_val_3_r"),
    "no features at all": (renamed("sk_feats", "feats"), "should hold one folder shift_<u>_r.* there are: none"),
    "a folder named .npy": (
        both(without(f"{TEST}/gtest"), lambda synse: (synse / TEST / "gtest.npy").mkdir()),
        r"gtest\.npy .* cannot be read",
    ),
    "empty file": (contents(f"{TEST}/train", b""), r"train\.npy .* plain \.npy array, but it is not"),
    "garbage": (
        contents(f"{TEST}/train", b"clip,x,y,z\n"),
        r"train\.npy .* plain \.npy array, but it is not in that format",
    ),
    "cut off": (
        lambda synse: (synse / TEST / "train.npy").write_bytes((synse / TEST / "train.npy").read_bytes()[:200]),
        r"train\.npy should hold .* plain \.npy array, but it is damaged",
    ),
    "a .npz": (zipped, r"train\.npy .* plain \.npy array, but .*npz"),
    "half a .npz": (contents(f"{TEST}/train", b"PK\x03\x04 half a zip file"), r"train\.npy .* but .*npz"),
    "needs pickle": (
        change(f"{TEST}/train", lambda x: x.astype(object)),
        r"train\.npy .* needs pickle, which is refused",
    ),
    # types
    "float labels": (
        change(f"{TEST}/train_label", lambda y: y + 0.5),
        r"train_label\.npy should hold one class id per clip as whole numbers, but 54 are none, such as 0\.5",
    ),
    "labels in words": (
        change(f"{TEST}/g_label", lambda y: y.astype(str)),
        r"g_label\.npy .* as whole numbers, but its type is <U",
    ),
    "features in words": (
        change(f"{VALIDATION}/val", lambda x: x.astype(str)),
        r"val\.npy .* as real numbers, but its type is <U",
    ),
    "complex texts": (change("texts/lb_12", lambda t: t + 1j), r"lb_12\.npy .* as real numbers, .* complex"),
    # shapes
    "flat features": (change(f"{TEST}/train", np.ravel), r"train\.npy .* 2 axes, but its shape is \(432,\)"),
    "labels one-hot": (
        change(f"{TEST}/train_label", lambda y: np.eye(CLASSES, dtype=int)[y]),
        r"train_label\.npy .* one axis, but its shape is \(54, 12\)",
    ),
    "no clips": (change(f"{TEST}/train", lambda x: x[:0]), r"train\.npy should hold skeleton features .* empty"),
    "features of no width": (change(f"{TEST}/train", lambda x: x[:, :0]), r"train\.npy .* it is empty"),
    "another number of labels": (
        change(f"{TEST}/train_label", lambda y: y[:-1]),
        r"train\.npy has 54 clips but train_label\.npy has 53",
    ),
    "another number of logits": (
        change(f"{VALIDATION}/ztest_out", lambda x: x[2:]),
        r"ztest\.npy has 18 clips but ztest_out\.npy has 16",
    ),
    "another width in test": (
        change(f"{TEST}/gtest", lambda x: x[:, 1:]),
        "of the test phase must be of one width, but training has 8 and test 7",
    ),
    "another width in the zero-shot clips": (
        change(f"{TEST}/ztest", lambda x: x[:, 1:]),
        "features in ztest.npy and gtest.npy should be of one width, but they have 7 and 8",
    ),
    "another width in validation": (
        both(
            change(f"{VALIDATION}/train", lambda x: x[:, 1:]),
            change(f"{VALIDATION}/val", lambda x: x[:, 1:]),
            change(f"{VALIDATION}/ztest", lambda x: x[:, 1:]),
        ),
        "of one width, but the test phase has 8 and the validation phase 7",
    ),
    "val and ztest of two widths": (
        change(f"{VALIDATION}/ztest", lambda x: x[:, 1:]),
        r"val\.npy and ztest\.npy .* of one width, but they have 8 and 7",
    ),
    "logits of a class too few": (
        change(f"{TEST}/gtest_out", lambda x: x[:, 1:]),
        r"rs8\.npy should hold the seen classes \(gtest_out\.npy has 11 columns.*\), but there is no such file",
    ),
    "validation logits of a class too few": (
        both(
            change(f"{VALIDATION}/ztest_out", lambda x: x[:, 1:]), change(f"{VALIDATION}/val_out", lambda x: x[:, 1:])
        ),
        "logits should have 12 columns, one per class of toy, but they have 11",
    ),
    "logits of two widths": (
        change(f"{VALIDATION}/ztest_out", lambda x: x[:, 1:]),
        "logits should have 12 columns, one per class of toy, but they have 11",
    ),
    # values
    "NaN": (put(f"{TEST}/gtest", (3, 2), np.nan), r"gtest\.npy should hold finite numbers, but 1 of \d+ are NaN"),
    "infinity": (put(f"{VALIDATION}/val_out", 0, np.inf), r"val_out\.npy should hold finite numbers, but 12 of"),
    "too large for float32": (
        change(f"{TEST}/train", lambda x: x.astype(float) * 1e60),
        r"train\.npy should hold finite numbers",
    ),
    "NaN in a text": (put("texts/md_12", (0, 0), np.nan), r"md_12\.npy should hold finite numbers, but 1 of 24"),
    "a zero text": (put("texts/lb_12", 7, 0.0), r"lb_12\.npy: a text feature cannot be zero, .* classes \[7\] are"),
    "a text too few": (change("texts/ad_12", lambda t: t[1:]), r"ad_12\.npy should hold 12 rows, .* but it has 11"),
    "a text too many": (
        change("texts/ad_12", lambda t: np.concatenate([t, t])),
        r"ad_12\.npy should hold 12 rows, .* but it has 24",
    ),
    "all texts the same": (
        both(*(change(f"texts/{kind}_12", np.ones_like) for kind in ("lb", "ad", "md"))),
        "texts of the seen classes must differ from each other",
    ),
    # classes
    "train label outside": (
        put(f"{TEST}/train_label", 0, CLASSES),
        r"training clips of the test phase must be of its seen classes, but the classes \[12\] came",
    ),
    "negative test label": (
        put(f"{TEST}/g_label", 0, -1),
        r"test clips of the test phase are of classes outside the split: \[-1\]",
    ),
    "train clip of an unseen class": (
        put(f"{TEST}/train_label", 0, UNSEEN[0]),
        r"must be of its seen classes, but the classes \[1\] came",
    ),
    "validation clip of an unseen class": (
        put(f"{VALIDATION}/val_label", 0, UNSEEN[0]),
        r"test clips of the validation phase are of classes outside the split: \[1\]",
    ),
    "a seen class without clips": (
        without_class(TEST, "train", "train_label", 2),
        r"each seen class of the test phase needs training clips, but \[2\] have none",
    ),
    "an unseen class without clips": (
        put(f"{TEST}/g_label", slice(54, 60), 5),
        r"each unseen class of the test phase needs test clips, but \[1\] have none",
    ),
    "other zero-shot clips": (
        change(f"{TEST}/z_label", lambda y: np.roll(y, 1) * 0 + 5),
        "ztest should hold the clips of unseen classes that are in gtest",
    ),
    # the split
    "no unseen class": (
        change("label_splits/ru3", lambda i: i[:0]),
        r"ru3\.npy should hold the unseen classes.* empty",
    ),
    "an unseen class twice": (put("label_splits/ru3", 0, 5), r"unseen classes must be distinct, but \[5\]"),
    "1-based ids": (put("label_splits/ru3", 0, 12), r"0-based ids below 12, but \[12\] came: .*start at 1"),
    "seen and unseen": (
        put("label_splits/rv3_0", 0, UNSEEN[0]),
        r"unseen and validation-unseen classes must not overlap, but \[1\]",
    ),
    "a class neither seen nor unseen": (
        change("label_splits/rs9", lambda i: i[1:]),
        r"ru3 and rs9 should part all 12 classes, but not \[0\]",
    ),
    "another number of unseen classes": (
        change("label_splits/ru3", lambda i: i[1:]),
        r"ru3\.npy should hold 3 unseen classes, .* but it holds 2",
    ),
}


@pytest.mark.parametrize(("breaking", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_folder_is_refused_and_nothing_written(synse, tmp_path, capsys, breaking, said):
    breaking(synse)
    out = tmp_path / "out"
    assert re.search(said, sentence(capsys, arguments(synse, out)))
    assert not out.exists()


def test_the_unbroken_folder_runs(synse, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(RECIPES, "default", changed(DEFAULT, fold_count=2))
    main(arguments(synse, tmp_path / "out", "--seeds", "1"))
    assert json.loads((tmp_path / "out" / "scores.json").read_text())
    assert "report.html" in capsys.readouterr().out


ASKED = {
    "unknown split": (["--split", "ntu60-50-10"], r"no split named 'ntu60-50-10'; the published ones are ntu60-55-5,"),
    "unknown recipe": (
        ["--recipe", "best"],
        r"no recipe and no method named 'best'; there are default, msf, paper, ridge",
    ),
    "unknown text": (["--text", "lb+xx"], r"texts are lb, ad and md joined by \+, .* but 'xx' came"),
    "a text twice": (["--text", "lb+lb"], "may be fused once, but 'lb\\+lb' names one twice"),
    "no seeds": (["--seeds", "0"], "seeds must be positive, but it is 0"),
    "unseen count of no folder": (
        ["--unseen-count", "4"],
        r"should hold one folder shift_4_r, .* there are: shift_3_r",
    ),
    "a split of other data": (["--split", "ntu60-55-5"], "should hold one folder shift_5_r"),
    "no such texts": (["--text-features", "nowhere"], "nowhere should be a folder"),
    "no such features": (["--synse", "nowhere"], "nowhere should be a folder"),
}


@pytest.mark.parametrize(("more", "said"), ASKED.values(), ids=ASKED)
def test_contradicting_arguments_are_refused_and_nothing_written(synse, tmp_path, capsys, more, said):
    assert re.search(said, sentence(capsys, arguments(synse, tmp_path / "out", *more)))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--text-features", "texts"], "go with --synse DIR"),
        (["--split", "ntu60-55-5"], "go with --synse DIR"),
        (["--synse", "folder"], "skeleton features need text features: .* --text-features DIR"),
    ],
)
def test_arguments_that_go_together(tmp_path, capsys, given, said):
    assert re.search(said, sentence(capsys, ["run", *given, "--out", str(tmp_path / "out")]))
    assert not (tmp_path / "out").exists()


def test_the_version_is_told(capsys):
    main(["--version"])
    assert capsys.readouterr().out == f"gzssar {gzssar.__version__}\n"


def test_too_few_clips_for_the_folds(tmp_path, capsys):
    synse = write_synse_folder(tmp_path / "small", per_class=3)
    said = sentence(capsys, arguments(synse, tmp_path / "out"))
    assert re.search("no class has more than 3: bring more clips", said)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("held_out", [VALIDATION_UNSEEN[:2], (*VALIDATION_UNSEEN, 2)])
def test_the_papers_gate_needs_as_many_validation_classes_as_unseen_ones(tmp_path, capsys, held_out):
    synse = write_synse_folder(tmp_path / "toy", validation_unseen=held_out)
    said = sentence(capsys, arguments(synse, tmp_path / "out", "--recipe", "paper"))
    assert re.search(f"for 3 unseen classes, 3 .* there are {len(held_out)} validation-unseen", said)
    assert not (tmp_path / "out").exists()


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


OCCUPIED = {
    "another run": ({"config.json": '{"experiment": 1}'}, "holds the results of another run, which differs in"),
    "other files": ({"thesis.tex": "years of work"}, "be a new or empty folder, .* there already and holds thesis.tex"),
    "a config.json that is no run": (
        {"config.json": "[1, 2]"},
        r"holds the results of another run, .* \(see its config\.json\)",
    ),
    "a damaged config.json": ({"config.json": '{"exp'}, r"config\.json cannot be read"),
}


@pytest.mark.parametrize(("files", "said"), OCCUPIED.values(), ids=OCCUPIED)
def test_an_output_folder_that_holds_something_is_left_alone(synse, tmp_path, capsys, files, said):
    out = tmp_path / "out"
    out.mkdir()
    for name, content in files.items():
        (out / name).write_text(content)
    before = snapshot(out)
    assert re.search(said, sentence(capsys, arguments(synse, out)))
    assert snapshot(out) == before


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_an_output_folder_that_is_a_file(synse, tmp_path, capsys, below):
    (tmp_path / "out").write_text("years of work")
    assert re.search("is a file: ", sentence(capsys, arguments(synse, tmp_path / "out" / below)))
    assert (tmp_path / "out").read_text() == "years of work"


def test_the_ablation_refuses_the_same(synse, tmp_path, capsys):
    BROKEN["a text too few"][0](synse)
    said = sentence(capsys, ["ablate", *arguments(synse, tmp_path / "out")[1:]])
    assert re.search(BROKEN["a text too few"][1], said)
    assert not (tmp_path / "out").exists()


def test_the_ablation_refuses_a_file_for_a_folder(synse, tmp_path, capsys):
    (tmp_path / "out").write_text("years of work")
    said = sentence(capsys, ["ablate", *arguments(synse, tmp_path / "out")[1:]])
    assert re.search(r"is a file: ", said)
    assert (tmp_path / "out").read_text() == "years of work"
