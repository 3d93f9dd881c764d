"""Kills saves and the commands that resume, at random times.

    python benchmarks/kills.py [--saves 50] [--kills 15] [--commands embed bench …] [--seed 0]

Each command runs once undisturbed. Then it starts again and again, is killed (SIGKILL) at a time drawn between its
first moment and its last, goes on, is killed up to three times more, and ends: its numbers have to be those of the
first run, to the last bit. A recognizer is saved without pause until a kill: its folder has to hold what was there
before, or what was to come. Clips are synthetic, so nothing is needed but the package, its extra `texts`, and Linux.
Writes ``results/kills.json`` if nothing is left out.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import sentence_transformers  # noqa: F401  # here, so that no process that is killed spends its time on it
import sklearn.linear_model  # noqa: F401
from safetensors.numpy import load_file

from gzssar.cli import main as gzssar
from gzssar.folders import walk
from gzssar.recognizer import Recognizer
from gzssar.skeletons.layout import NTU25
from gzssar.synthetic import SyntheticWorld
from gzssar.texts.classes import ClassTexts, load_packaged_texts, write_class_texts
from results import origin, write

CLASSES = 8
KILLS_IN_A_ROW = 4
CUT = ["--unseen", "1", "3", "--validation-unseen", "0", "6"]
COMMANDS: dict[str, list[str]] = {
    "train-encoder": [
        *("train-encoder", "clips.npz", "-o", "OUT/encoder.safetensors", "--phase", "validation", *CUT),
        *("--width", "8", "--frames", "12", "--epochs", "12", "--body-count", "1", "--batch-size", "8"),
    ],
    "embed": ["embed", "clips.npz", "--weights", "ENCODER", "-o", "OUT/clips.npz", "--shard-size", "16"],
    "embed --synse": ["embed", "clips.npz", "--weights", "ENCODER", "--synse", "OUT", *CUT, "--shard-size", "16"],
    "texts encode": ["texts", "encode", "texts.csv", "-o", "OUT/texts"],
    "run": ["run", "--synse", "SYNSE", "--text-features", "TEXTS", "--seeds", "6", "--out", "OUT"],
    "bench": [
        *("bench", "--synse", "SYNSE", "--texts", "texts.csv", "--seeds", "6"),
        *("--methods", "default", "ridge", "-o", "OUT"),
    ],
}
"""By name. OUT is a new folder, the other words in capitals are what the commands before have made."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--saves", type=int, default=50)
    parser.add_argument("--kills", type=int, default=15)
    parser.add_argument("--commands", nargs="*", choices=list(COMMANDS), default=list(COMMANDS))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    draw, about = random.Random(arguments.seed), origin("kills")
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        if arguments.saves:
            figures["save"] = kill_saves(Path(place) / "model", arguments.saves, draw)
            print(json.dumps({"save": figures["save"]}), flush=True)
        prepare(Path(place))
        for name in COMMANDS:
            kills = arguments.kills if name in arguments.commands else 0
            figures[name] = kill_command(Path(place), name, kills, draw)
            print(json.dumps({name: figures[name]}), flush=True)
    if arguments.saves and all(figure["kills"] for figure in figures.values()):
        write("kills", {**about, **figures})
    if wrong := [name for name, figure in figures.items() if figure["wrong"]]:
        raise SystemExit(f"These came to something else after a kill: {', '.join(wrong)}.")


def kill_saves(target: Path, saves: int, draw: random.Random) -> dict[str, Any]:
    """Kill processes that save two recognizers in turn; what is there loads, and is one of the two."""
    small = Recognizer.from_pretrained()
    large = small.copy()
    large.add_class("pour tea", action="fill a cup", motion="one hand tilts a pot over a cup")
    started = time.perf_counter()
    small.save(target)
    seconds = time.perf_counter() - started
    found = {len(small.classes): 0, len(large.classes): 0}
    wrong = 0
    for _ in range(saves):
        child = os.fork()
        if not child:
            while True:
                large.save(target, overwrite=True)
                small.save(target, overwrite=True)
        time.sleep(draw.uniform(0, 4 * seconds))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        try:
            found[len(Recognizer.load(target).classes)] += 1
        except Exception as error:  # whatever it is, it is what the script looks for
            wrong += 1
            print(f"save: {error}", file=sys.stderr)
    small.save(target, overwrite=True)
    left = [path.name for path in target.parent.iterdir() if path != target]
    held = dict(zip(("the first model was there", "the second model was there"), found.values(), strict=True))
    return {"kills": saves, **held, "wrong": wrong + len(left), "one save, s": seconds}


def prepare(place: Path) -> None:
    """Write the recordings and the texts that the commands read."""
    world = SyntheticWorld(seed=1, clips_per_class=12, frames=12, subject_count=6)
    drawn = world.clips()
    kept = drawn.labels < CLASSES
    joints = drawn.joints[kept, ..., 0].transpose(0, 2, 3, 1)
    np.savez(
        place / "clips.npz",
        joints=joints.reshape(-1, 25, 3),
        offsets=np.arange(0, joints.shape[0] * 12 + 1, 12),
        label=drawn.labels[kept],
        subject=drawn.subjects[kept] + 1,
        class_names=np.array(world.labels[:CLASSES]),
        joint_names=np.array(NTU25.joint_names),
        fps=np.float32(20),
    )
    rows = {row.label: row for row in load_packaged_texts("synthetic")}
    write_class_texts(place / "texts.csv", ClassTexts(tuple(rows[label] for label in world.labels[:CLASSES])))


def kill_command(place: Path, name: str, kills: int, draw: random.Random) -> dict[str, Any]:
    """Run a command undisturbed, then with so many kills."""
    whole = place / f"{name} 0"
    began = time.perf_counter()
    if finish(start(place, name, whole)):
        raise SystemExit(f"{name} failed, even undisturbed.")
    seconds = time.perf_counter() - began
    wanted, done, turns, wrong = numbers(whole), 0, 0, 0
    if not wanted:
        raise SystemExit(f"{name} came to nothing, even undisturbed.")
    while done < kills:
        turns += 1
        folder = place / f"{name} {turns}"
        for _ in range(min(KILLS_IN_A_ROW, kills - done)):
            child = start(place, name, folder)
            time.sleep(draw.uniform(0, seconds))
            os.kill(child, signal.SIGKILL)  # one that has ended is still there, since nobody has waited for it
            code = finish(child)
            if code != -signal.SIGKILL:
                break
            done += 1
        else:
            code = finish(start(place, name, folder))
        if code or numbers(folder) != wanted:
            wrong += 1
            print(f"{name}: {'failed' if code else 'other numbers'} after kills", file=sys.stderr)
    return {"kills": done, "runs that came to an end": turns, "wrong": wrong, "undisturbed, s": seconds}


def start(place: Path, name: str, out: Path) -> int:
    """Start a command in a process of its own: its number."""
    made = {
        "ENCODER": str(place / "train-encoder 0/encoder.safetensors"),
        "SYNSE": str(place / "embed --synse 0"),
        "TEXTS": str(place / "texts encode 0/texts"),
    }
    words = [made.get(word) or word.replace("OUT", str(out)) for word in COMMANDS[name]]
    if child := os.fork():
        return child
    code = 1
    try:
        os.chdir(place)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = gzssar(words) or 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    finally:
        os._exit(code)


def finish(child: int) -> int:
    """Wait for a process: its exit code, or the negative number of the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def numbers(folder: Path) -> dict[str, Any]:
    """All numbers of a folder, but for times; hidden files and what is kept to go on do not count."""
    found: dict[str, Any] = {}
    for path in sorted(walk(folder)):
        name = str(path.relative_to(folder))
        if path.suffix == ".npz":
            with np.load(path) as file:
                found[name] = {key: file[key].tobytes() for key in file.files if key not in ("provenance", "header")}
                if "header" in file.files:
                    found[name]["header"] = decided(json.loads(str(file["header"])))
        elif path.suffix == ".npy":
            found[name] = np.load(path).tobytes()
        elif path.suffix == ".safetensors":
            found[name] = {key: values.tobytes() for key, values in load_file(path).items()}
        elif path.name in ("scores.json", "bench.json"):
            found[name] = decided(json.loads(path.read_text(encoding="utf-8")))
    return found


def decided(value: Any) -> Any:
    """What JSON holds, but for the seconds that it took and for the arguments, which name the folder."""
    if isinstance(value, dict):
        return {key: decided(one) for key, one in value.items() if key not in ("seconds", "arguments")}
    return [decided(one) for one in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main()
