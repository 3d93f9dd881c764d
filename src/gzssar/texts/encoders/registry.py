"""Short names for encoders, and the way from a name to an encoder."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from gzssar.errors import ConfigError, GzssarError, TextError
from gzssar.texts.encoders.cache import MemoryCache, VectorCache, default_cache
from gzssar.texts.encoders.caching import CachingEncoder
from gzssar.texts.encoders.clip import ClipText
from gzssar.texts.encoders.encoder import LanguageModel
from gzssar.texts.encoders.libraries import quiet_loading, reason, require
from gzssar.texts.encoders.sentence import Pooling, SentenceModel
from gzssar.texts.encoders.sources import Source, hub_model, is_clip, local_folder, packaged_minilm

ENCODERS: Mapping[str, str] = {
    "minilm": "sentence-transformers/all-MiniLM-L6-v2",  # comes with gzssar[texts]
    "clip-vit-b32": "openai/clip-vit-base-patch32",
    "clip-vit-b16": "openai/clip-vit-base-patch16",
    "clip-vit-l14": "openai/clip-vit-large-patch14",
    "mpnet": "sentence-transformers/all-mpnet-base-v2",
    "bge-small-en-v1.5": "BAAI/bge-small-en-v1.5",
    "bge-base-en-v1.5": "BAAI/bge-base-en-v1.5",
    "bge-large-en-v1.5": "BAAI/bge-large-en-v1.5",
    "e5-small-v2": "intfloat/e5-small-v2",
    "e5-base-v2": "intfloat/e5-base-v2",
    "e5-large-v2": "intfloat/e5-large-v2",
    "qwen3-embedding-0.6b": "Qwen/Qwen3-Embedding-0.6B",
}
"""Short names. All but minilm, which comes with ``gzssar[texts]``, are downloaded from the Hugging Face hub once."""

_PREFIXES = {"intfloat/e5-": "query: "}
"""What its authors put before each text, by how a model's name on the hub begins."""

_HUB_NAME = re.compile(r"(?P<name>\w[\w.-]*/[\w.-]+)(@(?P<revision>[\w./-]+))?")


def load_text_encoder(
    spec: str,
    template: str = "{}",
    device: str = "cpu",
    cache: Path | MemoryCache | Literal["default"] | None = "default",
    pooling: Pooling | None = None,
) -> CachingEncoder:
    """An encoder by name; its model is loaded when a text comes whose vector the cache lacks.

    Args:
        spec: a short name out of `ENCODERS`; a folder with a model; or a name of the Hugging Face hub, such as
            ``"BAAI/bge-m3"`` or, with a branch, tag or commit, ``"BAAI/bge-m3@main"``.
        template: what surrounds each text, with {} where the text goes.
        device: of torch.
        cache: the folder for vectors; by default ``texts`` in ``$GZSSAR_CACHE``, ``$XDG_CACHE_HOME/gzssar`` or
            ``~/.cache/gzssar``. A :class:`MemoryCache` keeps them off the disk, None keeps none.
        pooling: for a model that does not say how to pool (a transformers folder without ``modules.json``): the mean
            over its tokens (default) or the last one. CLIP takes none.

    Raises:
        ConfigError: there is no such name, or the template does not hold {} once.
        TextError: the folder holds no model, or the model is neither on this machine nor to be downloaded.
        MissingExtraError: the extra ``texts`` is not installed.
    """
    if template.count("{}") != 1:
        raise ConfigError(f"a template should hold {{}} once, where the text goes, but it is {template!r}.")
    require("sentence_transformers", "transformers")
    source, prefix = _find(spec)
    kept = default_cache() if cache == "default" else cache
    return CachingEncoder(
        name=source.name,
        revision=source.revision,
        template=prefix + template,
        pooling=pooling,
        load=lambda: _load(source, device, pooling),
        cache=VectorCache(kept) if isinstance(kept, Path) else kept,
    )


def _find(spec: str) -> tuple[Source, str]:
    """Where a model comes from, and the prefix that it needs."""
    if spec == "minilm":
        return packaged_minilm(), ""
    folder = Path(spec).expanduser()
    if folder.is_dir() and spec not in ENCODERS:
        return local_folder(folder), ""
    if match := _HUB_NAME.fullmatch(ENCODERS.get(spec, spec)):
        prefix = next((text for start, text in _PREFIXES.items() if match["name"].startswith(start)), "")
        return hub_model(match["name"], match["revision"]), prefix
    if "/" in spec or "\\" in spec:
        return local_folder(folder), ""  # which says that it is missing
    near = get_close_matches(spec.lower(), ENCODERS, n=1)
    raise ConfigError(
        f"there is no encoder with the short name {spec!r}{f' (did you mean {near[0]}?)' if near else ''}; there are "
        f"{', '.join(ENCODERS)}. Say any other by its Hugging Face name (organisation/name, as in BAAI/bge-m3) or by a "
        "folder that holds it; both need pip install 'gzssar[texts]'."
    )


def _load(source: Source, device: str, pooling: Pooling | None) -> LanguageModel:
    """Load a model, which imports its library."""
    folder = source.folder()
    clip = is_clip(folder)
    if clip and pooling:
        raise ConfigError(f"{source.name} is a CLIP model, which pools at the end of the text: leave out pooling.")
    try:
        with quiet_loading():
            return ClipText(folder, device) if clip else SentenceModel(folder, device, pooling)
    except GzssarError:
        raise
    except Exception as error:  # anything: the libraries check little of what a folder holds
        raise TextError(
            f"{folder} should hold a language model that {'transformers' if clip else 'sentence-transformers'} can "
            f"load on {device}, but that fails ({reason(error)}): check its files and the device."
        ) from error
