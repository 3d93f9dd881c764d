"""UTD-MHAD end to end, 22 seen and 5 unseen classes: features by the NTU-120 Shift-GCN, and by one trained here.

    python benchmarks/utd.py [--data ../shared/data] [--splits 3] [--seeds 5] [--work runs/utd] [--only NAME]

Each class split is drawn by its number. Performers with odd ids train, those with even ids test. (a) takes the authors'
weights, which saw clips of other people doing 120 other actions; (b) trains an encoder per phase on the seen classes
alone. Encoders, features and runs stay under ``--work``, so that a second call goes on; scores go to results/utd.json.
"""

import argparse
import json
from pathlib import Path

import torch

from gzssar.commands.embed import EmbedConfig, embed
from gzssar.commands.train_encoder import TrainEncoderConfig, train_encoder
from gzssar.encoders.training.options import EncoderTraining
from gzssar.experiment.config import ExperimentConfig
from gzssar.experiment.run import run
from gzssar.features.class_cut import ZeroShot
from results import HERE, keyed, origin, read, write

TRAINING = EncoderTraining(width=16, frames=64, epochs=40)
"""What fits two cores; nothing was tuned on this data set."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--work", type=Path, default=Path("runs") / "utd")
    parser.add_argument(
        "--only", choices=list(ENCODERS), help="one of the encoders; the other's scores stay as they are"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    about = origin("utd")
    result = (read("utd") or {"splits": {}}) | {"encoder": repr(TRAINING)}
    for number in range(arguments.splits):
        for name, make in ENCODERS.items():
            if arguments.only not in (None, name):
                continue
            folder = keyed(arguments.work / f"{number}-{name.replace(' ', '-')}")
            if not folder.exists():
                make(arguments.data, folder, ZeroShot(unseen_count=5, split_seed=number))
            out = arguments.work / "runs" / folder.name
            config = ExperimentConfig(synse=folder, texts="utd_mhad", seeds=arguments.seeds, out=out)
            done = run(config)
            scores = {key: (done.summary["mean"][key], done.summary["sd"][key]) for key in KEYS}
            result["splits"].setdefault(str(number), {})[name] = {**scores, **about, "recipe": config.recipe}
            write("utd", result)
            print(number, name, json.dumps(scores))


KEYS = ("zsl_accuracy", "seen_accuracy", "unseen_accuracy", "harmonic_mean", "oracle_gate_harmonic_mean")


def ntu_features(data: Path, folder: Path, zero_shot: ZeroShot) -> None:
    weights = data / "shiftgcn" / "ntu120_xset_joint.pt"
    embed(EmbedConfig(data / "utd_mhad" / "Skeleton.zip", (str(weights),), synse=folder, zero_shot=zero_shot))


def own_features(data: Path, folder: Path, zero_shot: ZeroShot) -> None:
    clips, weights = data / "utd_mhad" / "Skeleton.zip", {}
    for phase in ("test", "validation"):
        weights[phase] = folder.with_name(f"{folder.name}-{phase}.safetensors")
        if not weights[phase].exists():
            train_encoder(
                TrainEncoderConfig(
                    clips, weights[phase], phase=phase, body_count=1, training=TRAINING, zero_shot=zero_shot
                )
            )
    test, validation = ((str(weights[phase]),) for phase in ("test", "validation"))
    embed(EmbedConfig(clips, test, synse=folder, validation_weights=validation, zero_shot=zero_shot))


ENCODERS = {"NTU-120 weights": ntu_features, "trained on seen classes": own_features}


if __name__ == "__main__":
    main()
