"""The text tower of CLIP (Radford et al., 2021), of any size."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gzssar.errors import TextError
from gzssar.shapes import TextFeatures


class ClipText:
    """Texts → the final layer at the end-of-text token, after the projection; neither normalised nor with a prompt.

    So do Li et al. (ICIG 2023). Differences from transformers' own pooling: it looks for the end of the text by the
    configuration's ``eos_token_id``, which is wrong in old configurations and replaced there by the largest id; here
    the last token is taken, which the tokenizer must have made the end of the text.

    Args:
        folder: a whole CLIP model, as ``openai/clip-vit-base-patch32`` is, or its text tower with the projection.
        device: of torch.

    Raises:
        TextError: the folder lacks weights, or its vocabulary belongs to another model.
    """

    def __init__(self, folder: Path, device: str) -> None:
        from transformers import CLIPTextModelWithProjection, CLIPTokenizerFast

        config = _text_config(folder)
        model, loaded = CLIPTextModelWithProjection.from_pretrained(folder, config=config, output_loading_info=True)
        if missing := sorted(loaded["missing_keys"]):
            raise TextError(
                f"{folder} should hold CLIP's text tower with its projection, but the weights {', '.join(missing[:3])} "
                f"are missing ({len(missing)} in all): download the whole model."
            )
        self._model: Any = model.float().eval().to(device)
        self._tokenizer: Any = CLIPTokenizerFast.from_pretrained(folder)
        self._check_tokenizer(folder, config)
        self.dimension: int = config.projection_dim
        self.token_limit: int = config.max_position_embeddings

    def token_count(self, prompt: str) -> int:
        """How many tokens, start and end of text included."""
        return len(self._ids(prompt))

    def encode_prompts(self, prompts: Sequence[str]) -> TextFeatures:
        """One row per prompt, (n, E)."""
        import torch

        rows = np.empty((len(prompts), self.dimension), dtype=np.float32)
        with torch.inference_mode():
            for row, prompt in zip(rows, prompts, strict=True):
                ids = torch.tensor([self._ids(prompt)], device=self._model.device)
                end_of_text = self._model.text_model(input_ids=ids).last_hidden_state[0, -1]
                row[:] = self._model.text_projection(end_of_text).cpu().numpy()
        return rows

    def _ids(self, prompt: str) -> list[int]:
        ids: list[int] = self._tokenizer(prompt, truncation=False, verbose=False)["input_ids"]
        return ids

    def _check_tokenizer(self, folder: Path, config: Any) -> None:
        """Without its files, transformers makes up a tokenizer that knows no word, and says nothing."""
        if len(self._tokenizer) != config.vocab_size or self._ids("a")[-1] != self._tokenizer.eos_token_id:
            raise TextError(
                f"{folder} should hold CLIP's tokenizer with the {config.vocab_size} tokens of its model, but it has "
                f"one with {len(self._tokenizer)}: bring the tokenizer's files of that model."
            )


def _text_config(folder: Path) -> Any:
    """The text tower's configuration. In a whole model's, the projection's width stands outside of it."""
    from transformers import CLIPConfig, CLIPTextConfig

    if json.loads((folder / "config.json").read_text(encoding="utf-8"))["model_type"] != "clip":
        return CLIPTextConfig.from_pretrained(folder)
    whole = CLIPConfig.from_pretrained(folder)
    text = whole.text_config
    text.projection_dim = whole.projection_dim
    return text
