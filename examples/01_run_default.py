"""The embedded default from Python: the synthetic motion world, two seeds, nothing written.

Usage: python examples/01_run_default.py

Takes two or three minutes, most of it to train the skeleton encoders. Needs the extra `texts`:
pip install 'gzssar[texts]'.
"""

from gzssar import ExperimentConfig, run


def main() -> None:
    """Run the experiment and print what each seed and all seeds together scored."""
    result = run(ExperimentConfig(seeds=2))
    print(result.header.data)
    for record in result.records:
        scores = record.scores
        print(
            f"seed {record.seed}: ZSL {scores.zsl_accuracy:.3f}, S {scores.seen_accuracy:.3f}, "
            f"U {scores.unseen_accuracy:.3f}, H {scores.harmonic_mean:.3f}"
        )
    print(f"mean H {result.summary['mean']['harmonic_mean']:.3f} ± {result.summary['sd']['harmonic_mean']:.3f}")


if __name__ == "__main__":  # needed where seeds run on several cores
    main()
