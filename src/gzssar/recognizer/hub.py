"""Recognizers by name: a folder, a ready model, or a repository of the Hugging Face hub, where people share them.

A repository holds the files of a recognizer's folder, none of which is a pickle; others that lie beside them are not
downloaded.
"""

import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from gzssar.encoders.streams import load_encoders
from gzssar.encoders.weights import StreamWeights
from gzssar.errors import ConfigError, DataError, MissingExtraError, OutputError
from gzssar.files import write_text
from gzssar.models import Model, cached, fetch, known_models
from gzssar.models.packaged import PACKAGED
from gzssar.recognizer.bundle import load_bundle
from gzssar.recognizer.cached import made_once
from gzssar.recognizer.card import shared_card
from gzssar.recognizer.recognizer import Recognizer
from gzssar.recognizer.weights_alone import recognizer_of_weights
from gzssar.texts.classes import load_packaged_texts
from gzssar.texts.encoders.libraries import quiet, reason

_ENCODERS = "encoder*.safetensors"
_FILES = ("config.json", "weights.safetensors", _ENCODERS, "texts.csv", "README.md")
_REPOSITORY = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)
_LOG_IN = "name a token (token=…), or run hf auth login"


def named_recognizer(
    name: str | Path | None,
    revision: str | None,
    cache_dir: str | Path | None,
    local_files_only: bool,
    token: str | bool | None,
) -> Recognizer:
    """See :meth:`Recognizer.from_pretrained`."""
    if name is None:
        _refuse(revision, f"{PACKAGED.name} comes with the package")
        return Recognizer.load(PACKAGED.folder)
    model = next((one for one in known_models() if one.name == name), None)
    if isinstance(name, Path) or Path(name).exists():
        _refuse(revision, f"{name} is a folder")
        return Recognizer.load(name)
    if name == PACKAGED.name:
        return named_recognizer(None, revision, cache_dir, local_files_only, token)
    if model:
        _refuse(revision, f"{name} is a ready model, whose files are fixed")
        return _ready(model, local_files_only)
    if _REPOSITORY.fullmatch(name):
        return _shared(name, revision, cache_dir, local_files_only, token)
    models = ", ".join([PACKAGED.name, *(one.name for one in known_models())])
    raise ConfigError(
        f"a recognizer is named by its folder, by a ready model ({models}) or by a repository of the Hugging Face hub "
        f"(user/name), but {name!r} is none of them."
    )


def _refuse(revision: str | None, reason: str) -> None:
    if revision is not None:
        raise ConfigError(f"a revision goes with a repository of the Hugging Face hub, but {reason}: leave it out.")


def _ready(model: Model, local_files_only: bool) -> Recognizer:
    """A recognizer of a model's weights alone, which is fitted once."""
    if not local_files_only:
        fetch(model)
    weights = [StreamWeights(*one) for one in cached(model)]

    def make() -> Recognizer:
        own = load_packaged_texts(model.texts)
        return recognizer_of_weights(load_encoders(weights), own, own, about={"data": "none"})

    return made_once(model.name, "models/registry.json", make)


def _shared(
    name: str, revision: str | None, cache_dir: str | Path | None, local_files_only: bool, token: str | bool | None
) -> Recognizer:
    """The recognizer of a repository, which remembers from which commit it comes."""
    folder = _downloaded(name, revision, cache_dir, local_files_only, token)
    commit = folder.name
    try:
        parts, known = load_bundle(folder)
    except DataError as error:
        raise DataError(
            f"{name} at {commit} should hold a recognizer, but it does not load: {error} If it came damaged, delete "
            f"{folder.parent.parent} and try again."
        ) from error
    return Recognizer(replace(parts, about={**parts.about, "hub": {"repository": name, "commit": commit}}), known)


def _downloaded(
    name: str, revision: str | None, cache_dir: str | Path | None, local_files_only: bool, token: str | bool | None
) -> Path:
    """The folder of one commit in the local cache of the hub; its name is the commit."""
    _require_hub()
    from huggingface_hub import snapshot_download, utils

    at = "" if revision is None else f" at {revision}"
    options = {"cache_dir": cache_dir, "local_files_only": local_files_only, "token": token}
    try:
        with quiet():
            return Path(snapshot_download(name, revision=revision, allow_patterns=list(_FILES), **options))
    except utils.GatedRepoError as error:
        raise DataError(
            f"{name} is a gated repository: ask for access on its page of the Hugging Face hub, then {_LOG_IN}."
        ) from error
    except utils.RepositoryNotFoundError as error:
        raise DataError(
            f"{name} should be a folder or a repository of the Hugging Face hub, but you can read neither: "
            f"check the name; if it is private, {_LOG_IN}."
        ) from error
    except utils.RevisionNotFoundError as error:
        raise DataError(
            f"{name} should have the revision {revision}, but it does not: name another branch, tag or whole commit."
        ) from error
    except utils.LocalEntryNotFoundError as error:
        why = "nothing may be downloaded" if local_files_only else f"the hub does not answer ({reason(error)})"
        raise DataError(
            f"{name}{at} should be in the local cache of the Hugging Face hub, but it is not, and {why}: try again "
            "with a network, or copy its folder to this machine and name that folder."
        ) from error
    except Exception as error:  # what the libraries below raise differs by version
        raise DataError(
            f"{name}{at} cannot be downloaded from the Hugging Face hub ({reason(error)}): try again, or copy "
            "its folder to this machine and name that folder."
        ) from error


def share(
    recognizer: Recognizer,
    name: str,
    private: bool | None,
    revision: str | None,
    token: str | bool | None,
    commit_message: str | None,
    license: str | None,
) -> str:
    """See :meth:`Recognizer.push_to_hub`."""
    if not _REPOSITORY.fullmatch(name):
        raise ConfigError(f"a repository of the Hugging Face hub is named user/name, but {name!r} came.")
    _require_hub()
    with TemporaryDirectory() as place:
        folder = Path(place) / "model"
        recognizer.save(folder)
        write_text(folder / "README.md", shared_card(recognizer.parts, recognizer.known, name, license))
        try:
            with quiet():
                return _upload(folder, name, private, revision, token, commit_message)
        except ConfigError:
            raise
        except Exception as error:  # what the libraries below raise differs by version
            raise OutputError(
                f"{name} cannot be written on the Hugging Face hub ({reason(error)}): check the name and the network; "
                f"if you may not write there, {_LOG_IN}."
            ) from error


def _upload(
    folder: Path,
    name: str,
    private: bool | None,
    revision: str | None,
    token: str | bool | None,
    commit_message: str | None,
) -> str:
    from huggingface_hub import HfApi

    api = HfApi(token=token)
    api.create_repo(name, exist_ok=True, **({} if private is None else {"private": private}))
    if private is not None and bool(api.model_info(name).private) != private:
        wanted, there = ("private", "public") if private else ("public", "private")
        raise ConfigError(
            f"{name} should be {wanted}, but it exists already and is {there}: change that in its settings on the "
            "Hugging Face hub, or name another."
        )
    if revision is not None:
        api.create_branch(name, branch=revision, exist_ok=True)
    done = api.upload_folder(
        repo_id=name,
        folder_path=folder,
        revision=revision,
        commit_message=commit_message or "Upload a gzssar recognizer",
        delete_patterns=[_ENCODERS],  # of streams that it no longer has
    )
    return str(done.commit_url)


def _require_hub() -> None:
    try:
        import huggingface_hub  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            "sharing recognizers on the Hugging Face hub needs huggingface_hub: pip install 'gzssar[hub]'."
        ) from error
