"""Made-up records with plausible numbers: classes as Gaussian clouds, texts near their clouds, a gate that errs."""

import numpy as np

from gzssar.evaluation.protocol import GzslAnswers, evaluate
from gzssar.evaluation.record import SeedRecord
from gzssar.evaluation.summary import ReportHeader
from gzssar.splits import ClassSplit


class World:
    """K classes, the last ones by stride unseen, and a record per seed."""

    def __init__(self, class_count: int, unseen_count: int, seed_count: int, clips_per_class: int = 12) -> None:
        unseen = tuple(range(1, class_count, class_count // unseen_count))[:unseen_count]
        self.split = ClassSplit(f"toy-{class_count - unseen_count}-{unseen_count}", class_count, unseen, ())
        self.names = [f"{_VERBS[i % len(_VERBS)]} {_THINGS[i // 3 % len(_THINGS)]}" for i in range(class_count)]
        self.header = ReportHeader(
            title="Multi-semantic fusion on a toy world",
            recipe="default",
            selection="validation",
            split=self.split.name,
            texts="lb+ad+md",
            data=f"{class_count} made-up classes, {clips_per_class} test clips each.",
            synthetic=True,
            seconds=133.0,
            command="gzssar run --config config.json",
            config_hash="3f9a61c2",
            environment={"gzssar": "0.1.0", "Python": "3.11.7", "torch": "2.5.1", "hardware": "2 CPU cores"},
            notes=("Made for the tests.",),
        )
        rng = np.random.default_rng(0)
        self.centres = rng.normal(size=(class_count, 16)) @ np.diag(np.linspace(1.6, 0.4, 16))
        self.labels = np.repeat(np.arange(class_count), clips_per_class)
        self.records = [self._record(seed) for seed in range(1, seed_count + 1)]

    def _record(self, seed: int) -> SeedRecord:
        rng = np.random.default_rng(seed)
        clips = self.centres[self.labels] + rng.normal(scale=0.8, size=(len(self.labels), 16))
        texts = self.centres + rng.normal(scale=0.9, size=self.centres.shape)
        is_seen = ~np.isin(self.labels, self.split.unseen)
        seen, unseen = np.array(self.split.seen), np.array(self.split.unseen)
        nearest_unseen = unseen[_distances(clips, texts[unseen]).argmin(1)]
        answers = GzslAnswers(
            labels=self.labels,
            is_seen=is_seen,
            seen_predictions=seen[_distances(clips, self.centres[seen]).argmin(1)],
            unseen_predictions=nearest_unseen,
            routing=np.where(is_seen, rng.beta(4, 1.6, len(is_seen)), rng.beta(1.7, 3, len(is_seen))),
            threshold=float(np.clip(rng.normal(0.5, 0.08), 0.1, 0.9)),
        )
        steps = np.arange(0, 1700, 10)
        late = np.where(steps > 700, 1.0, np.nan)
        return SeedRecord(
            seed=seed,
            scores=evaluate(answers, self.labels[~is_seen], nearest_unseen[~is_seen]),
            seconds=24.0 + seed,
            answers=answers,
            latents=clips,
            text_latents=texts,
            curves={
                "step": steps,
                "skeleton reconstruction": 0.9 * np.exp(-steps / 300) + 0.1 + rng.normal(0, 0.01, len(steps)),
                "text reconstruction": 0.5 * np.exp(-steps / 200) + 0.05 + rng.normal(0, 0.01, len(steps)),
                "skeleton KL": 8 * (1 - np.exp(-steps / 500)),
                "cross reconstruction": late * (0.4 * np.exp(-steps / 400) + 0.2),
            },
            extra={"cycle": float(seed + 3), "temperature": 2.0},
        )


_VERBS = ("drink", "throw", "pick up", "wipe", "put on", "take off", "point to", "tear up", "shake", "kick", "hug")
_THINGS = ("water", "a hat", "glasses", "a shoe", "the face", "paper", "someone", "a phone")


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.linalg.norm(a[:, None] - b[None], axis=-1)
