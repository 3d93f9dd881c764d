"""The embedded default's recognizer: fitted on the synthetic world on first use, then kept in the cache."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from gzssar.encoders.training.fit import fit_encoder
from gzssar.encoders.training.options import EncoderTraining
from gzssar.features.features import FeatureSet
from gzssar.recognizer.cached import made_once
from gzssar.recognizer.fitting import Fitting, fit_recognizer
from gzssar.recognizer.recognizer import Recognizer
from gzssar.running import Progress, one_thread
from gzssar.synthetic.benchmark import prepared
from gzssar.synthetic.catalogue import SYNTHETIC_SPLIT
from gzssar.synthetic.world import SyntheticWorld
from gzssar.texts.classes import load_packaged_texts


def synthetic_model(progress: Progress | None = None, say: Callable[[str], None] | None = None) -> Recognizer:
    """The embedded default's recognizer: read from the cache, or fitted on first use.

    Args:
        progress: told how far the fit is.
        say: told in a sentence that there is a fit, before it begins.
    """

    def announce(folder: str) -> None:
        if say:
            kept = f", and only once, because it is kept in {folder}" if folder else ""
            say(f"fitting the embedded synthetic model takes a minute{kept}")

    return made_once("synthetic", "texts/data/synthetic.csv", lambda: fit_synthetic(progress), announce)


@one_thread()
def fit_synthetic(progress: Progress | None) -> Recognizer:
    """Fit the recognizer, its encoder first. A quarter of the performers, whom the encoder never sees, is there for the
    recognizer alone, which has to know how features of strangers look."""
    training = EncoderTraining(width=16, frames=16, epochs=8, batch_size=24, learning_rate=2e-2, stream="joint motion")
    drawn = SyntheticWorld().clips()
    chosen = np.isin(drawn.labels, SYNTHETIC_SPLIT.seen)
    clips = prepared(drawn, np.flatnonzero(chosen).tolist(), training)
    labels, subjects = drawn.labels[chosen], drawn.subjects[chosen]
    learned = subjects % 4 != 0
    steps = partial(progress, "training the synthetic encoder") if progress else None
    encoder = fit_encoder(clips[learned], labels[learned], SYNTHETIC_SPLIT.seen, training, progress=steps)
    encoder = replace(encoder, provenance={**encoder.provenance, "data": "synthetic motion world"})
    features = FeatureSet(encoder.encode(clips).features, labels, subjects=subjects)
    told = {"data": "the synthetic motion world", "fingerprint": features.fingerprint(), "synthetic": True}
    return fit_recognizer(features, load_packaged_texts("synthetic"), encoder, Fitting(), told, progress)
