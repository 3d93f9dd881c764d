"""A recognizer from a skeleton encoder's weights alone: its own classes are the seen ones, and no clip is needed.

The last layer's weights tell where the encoder puts the clips of its classes. Centred on their mean they point from the
middle of all classes to each; the middle is where all logits would be equal, of all such points the one nearest to the
origin. Clips are simulated around those directions, and a recognizer is fitted on them as on recordings: texts are
regressed on the directions, so that a class can be typed, and gate, temperatures and limits come from leave-classes-out
folds. How real clips scatter is not known, so nothing of that is tested.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from gzssar.encoders.streams import SkeletonEncoder
from gzssar.errors import TextError
from gzssar.features.features import FeatureSet
from gzssar.methods.recipe import DEFAULT, Recipe
from gzssar.methods.ridge import Ridge
from gzssar.recognizer.encoder_classes import require_text_each
from gzssar.recognizer.fitting import Fitting, fit_recognizer
from gzssar.recognizer.recognizer import Recognizer
from gzssar.running import Progress
from gzssar.texts.classes import ClassTexts, label_key
from gzssar.texts.fusion import unit

_COSINE = 0.5
"""Of a simulated clip and its class's direction. Clips of the published weights' own sensor are not at hand; of other
sensors' clips, the largest of all classes' cosines has a median of .3. With .4, texts count for too many clips where a
class is shown; with .6, nearly no answer is given."""
_LARGEST_LOGIT = 36.0
"""Of a clip that lies exactly in its class's direction, above the mean of all logits: a softmax has to be sure, so
training fixes about that. With the published weights it is 35 to 37 on UTD-MHAD, MSR Action3D, NW-UCLA and the
synthetic world."""
_CLIPS = 8
"""Simulated for each class."""
_SPREAD_OUT = 1.0
"""Shrinkage: simulated clips tell nothing about how features of real ones vary together."""


def recognizer_of_weights(
    encoder: SkeletonEncoder,
    own: ClassTexts,
    texts: ClassTexts,
    fitting: Fitting | None = None,
    about: dict[str, Any] | None = None,
    progress: Progress | None = None,
) -> Recognizer:
    """Make a recognizer of the encoder's own classes and of classes that are typed.

    Args:
        encoder: of one stream or several.
        own: the texts of the classes it was trained on, in their order.
        texts: of the classes that are typed; those that the encoder knows, by their labels, are passed over.
        fitting: which texts are read, by which encoders. Its recipe does not count.
        about: what the model card says about where it comes from.
        progress: told how far the fit is.

    Raises:
        ConfigError: there is not one text for each class of the encoder, or it has too few classes.
        TextError: a text is missing, or longer than the encoder reads, or two classes have one label.
    """
    require_text_each(encoder, own)
    known = {label_key(label) for label in own.of_kind("label")}
    typed = [text for text, label in zip(texts, texts.of_kind("label"), strict=True) if label_key(label) not in known]
    if len(known) < len(own):
        raise TextError("each class needs a label of its own, but two of the encoder's classes have the same one.")
    fitting = replace(fitting or Fitting(), recipe=_recipe(), encoder_texts=None)
    told = {**(about or {}), "weights_alone": True}
    every = ClassTexts((*own, *typed))
    return fit_recognizer(simulated_clips(encoder, fitting.seed), every, encoder, fitting, told, progress)


def _recipe() -> Recipe:
    """The default one, for features that vary equally in all directions; square roots would be of simulated ones."""
    method = DEFAULT.method
    assert isinstance(method, Ridge)
    spaces = replace(method.spaces, roots=False, shrinkage=_SPREAD_OUT)
    return replace(DEFAULT, method=replace(method, spaces=spaces))


def simulated_clips(encoder: SkeletonEncoder, seed: int) -> FeatureSet:
    """Features around the directions of the encoder's classes, with labels in the order of the classes.

    They vary within the span of these directions, as what confuses the classifier does.
    """
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(encoder.classes)), _CLIPS)
    streams = []
    for member in encoder.members:
        biases = member.network.classifier.bias.detach().cpu().numpy()
        middle, ways = _directions(member.class_weights, biases)
        directions, length = unit(ways), _LARGEST_LOGIT / np.median(np.linalg.norm(ways, axis=1))
        noise = unit(random.normal(size=(len(labels), len(directions))) @ directions)
        streams.append(middle + length * (_COSINE * directions[labels] + np.sqrt(1 - _COSINE**2) * noise))
    names = encoder.streams if len(encoder.members) > 1 else ()
    return FeatureSet(np.concatenate(streams, axis=1).astype(np.float32), labels, streams=names)


def _directions(
    weights: Float[np.ndarray, "S D"], biases: Float[np.ndarray, "S"]
) -> tuple[Float[np.ndarray, "D"], Float[np.ndarray, "S D"]]:
    """The middle of all classes, and the way to each in which its logit rises above the mean."""
    centred = weights - weights.mean(axis=0)
    middle = np.linalg.lstsq(centred, biases.mean() - biases, rcond=None)[0]
    return middle, centred
