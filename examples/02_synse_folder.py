"""SynSE folders from Python: both recipes on the same features, one report each.

Usage: python examples/02_synse_folder.py FOLDER TEXT_FEATURES OUT [SEEDS]

FOLDER holds `sk_feats` and `label_splits`, TEXT_FEATURES the tables lb_<K>.npy, ad_<K>.npy and md_<K>.npy. The reports
go to OUT/default and OUT/paper; running it again resumes.
"""

import sys
from pathlib import Path

from gzssar import ExperimentConfig, GzssarError, run


def main(folder: Path, text_features: Path, out: Path, seeds: int = 5) -> None:
    """Run both recipes and print their mean scores side by side."""
    print("recipe     ZSL     S       U       H")
    for recipe in ("default", "paper"):
        config = ExperimentConfig(
            synse=folder, text_features=(text_features,), recipe=recipe, seeds=seeds, out=out / recipe
        )
        mean = run(config).summary["mean"]
        names = ("zsl_accuracy", "seen_accuracy", "unseen_accuracy", "harmonic_mean")
        print(f"{recipe:<9}", *(f"{mean[name]:7.3f}" for name in names))


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    try:
        main(*map(Path, sys.argv[1:4]), *map(int, sys.argv[4:]))
    except GzssarError as error:
        sys.exit(f"gzssar: {error}")
