"""What the package says about the models that can be had."""

import re
from urllib.parse import urlsplit

import pytest

from gzssar.errors import ConfigError
from gzssar.models import find_model, known_models
from gzssar.skeletons.preprocess import STREAMS
from gzssar.texts.classes import load_packaged_texts


@pytest.mark.parametrize("model", known_models(), ids=lambda model: model.name)
def test_an_entry_is_complete(model):
    assert len(load_packaged_texts(model.texts)) == model.class_count
    assert set(model.streams) <= set(STREAMS)
    assert len(set(model.streams)) == len(model.files)
    assert all((model.what, model.licence, model.terms, *model.citations))
    address = urlsplit(model.address)
    assert address.scheme == "https"
    assert re.search(r"/[0-9a-f]{40}/", address.path)  # a fixed commit
    assert address.path.endswith("/")
    assert " " not in model.address
    for one in model.files:
        assert re.fullmatch(r"[\w.-]+", one.name)  # as it stands in an address and on a disk
        assert re.fullmatch(r"[0-9a-f]{64}", one.sha256)


def test_what_finds_people():
    (model,) = known_models("pose")
    assert model == find_model("mediapipe-pose")
    assert model not in known_models()  # no encoder
    assert model.address.startswith("https://storage.googleapis.com/mediapipe-models/")
    assert re.search(r"/float16/\d+/$", model.address)  # a fixed version
    (file,) = model.files
    assert (file.name, file.size) == ("pose_landmarker_lite.task", 5_777_746)
    assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)


def test_the_four_streams_of_ntu120():
    model = find_model("ntu120")
    assert (model.streams, model.size) == (STREAMS, 4 * 3700199)
    assert "academic research" in model.terms


def test_the_files_are_those_beside_the_repository(shared_data):
    from gzssar.models.cache import is_file

    for one in find_model("ntu120").files:
        assert is_file(shared_data / "shiftgcn" / f"ntu120_xset_{one.stream.replace(' ', '-')}.pt", one)


@pytest.mark.parametrize(
    ("name", "told"), [("ntu12", r"\(nearest: 'ntu120'\)"), ("yolo", "there are ntu120, mediapipe-pose.$")]
)
def test_other_names_are_refused(name, told):
    with pytest.raises(ConfigError, match=f"no model named '{name}'; .*{told}"):
        find_model(name)
