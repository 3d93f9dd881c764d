"""A zero-shot experiment from Python: two recipes on the same features, two seeds each.

Usage: python examples/07_experiment.py

The clips are made up (made_up.py), so the numbers say nothing about real data. For features in SynSE's folders,
`run(ExperimentConfig(synse=FOLDER, text_features=(TEXTS,), out=OUT))` is enough, and writes a report
(docs/experiments.md). Needs the extra `texts`: pip install 'gzssar[texts]'.
"""

from made_up import made_up_data

from gzssar import ExperimentConfig, run


def main() -> None:
    """Print accuracies on seen and on unseen classes, and their harmonic mean."""
    data = made_up_data()
    print("recipe        S      U      H")
    for recipe in ("default", "ridge"):
        mean = run(ExperimentConfig(recipe=recipe, seeds=2), data=data).summary["mean"]
        scores = (mean[name] for name in ("seen_accuracy", "unseen_accuracy", "harmonic_mean"))
        print(f"{recipe:<8}", *(f"{score:6.3f}" for score in scores))


if __name__ == "__main__":
    main()
