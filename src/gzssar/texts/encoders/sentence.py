"""Any model that sentence-transformers reads: SBERT, MPNet, BGE, E5, Qwen3-Embedding, …"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gzssar.errors import ConfigError, TextError
from gzssar.shapes import TextFeatures

Pooling = Literal["mean", "last"]
_UNLIMITED = 10**9


class SentenceModel:
    """Texts → what the modules of a sentence-transformers folder make of them: pooling and normalisation are its own.

    Args:
        folder: a folder with a ``modules.json``, or one that transformers saved, without.
        device: of torch.
        pooling: for a folder without ``modules.json``: the mean over the tokens (default) or the last token.

    Raises:
        ConfigError: the folder says itself how to pool, and `pooling` too.
        TextError: its vocabulary is missing.
    """

    def __init__(self, folder: Path, device: str, pooling: Pooling | None = None) -> None:
        from sentence_transformers import SentenceTransformer

        bare = not (folder / "modules.json").is_file()
        if pooling and not bare:
            raise ConfigError(f"{folder} says itself how to pool, in its modules.json: leave out pooling={pooling!r}.")
        if bare and pooling == "last":
            model = SentenceTransformer(modules=_last_token_modules(folder), device=device)
        else:
            model = SentenceTransformer(str(folder), device=device, local_files_only=True)
        self._model: Any = model.float().eval()
        # Some models put a prompt before every text by default: sentence-transformers does it, and it costs tokens.
        self._prompt: str = model.prompts.get(model.default_prompt_name or "", None) or ""
        self._check_tokenizer(folder)

    @cached_property
    def dimension(self) -> int:
        """E, measured: older versions and odd modules name it differently or not at all."""
        return self.encode_prompts(["width"]).shape[1]

    @property
    def token_limit(self) -> int:
        """The smallest of the limits of the folder, of the tokenizer and of the model."""
        limits = (self._model.max_seq_length, self._config("max_position_embeddings"), _UNLIMITED)
        return int(min(limit for limit in limits if limit))

    def token_count(self, prompt: str) -> int:
        """How many tokens, special tokens and the model's own prompt included."""
        tokenizer = self._model.tokenizer
        if callable(tokenizer):
            return len(tokenizer(self._prompt + prompt, truncation=False, verbose=False)["input_ids"])
        return len(tokenizer.encode(self._prompt + prompt).ids)  # static embeddings have a bare tokenizer

    def encode_prompts(self, prompts: Sequence[str]) -> TextFeatures:
        """One row per prompt, (n, E)."""
        rows = self._model.encode(list(prompts), batch_size=1, convert_to_numpy=True, show_progress_bar=False)
        return np.asarray(rows, dtype=np.float32)

    def _config(self, field: str) -> int | None:
        """A number out of the model's configuration; static embeddings have none."""
        config = getattr(getattr(self._model[0], "auto_model", None), "config", None)
        number: int | None = getattr(config, field, None)
        return number

    def _check_tokenizer(self, folder: Path) -> None:
        """Without its files, transformers makes up a tokenizer that knows no word, and says nothing."""
        wanted = self._config("vocab_size")
        if wanted and len(self._model.tokenizer) < wanted / 2:  # many models leave some of their rows to no token
            raise TextError(
                f"{folder} should hold the tokenizer of its model, about {wanted} tokens, but it has one with "
                f"{len(self._model.tokenizer)}: bring the tokenizer's files of that model."
            )


def _last_token_modules(folder: Path) -> list[Any]:
    try:
        from sentence_transformers.sentence_transformer import modules
    except ImportError:  # before version 6
        from sentence_transformers import models as modules
    transformer = modules.Transformer(str(folder))
    return [transformer, modules.Pooling(transformer.auto_model.config.hidden_size, pooling_mode="lasttoken")]
