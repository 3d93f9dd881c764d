"""Requests drawn from the routes' own schema, good and bad: no answer is a server error, all keep to the schema."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings, strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from web_recognizer import FakeRecognizer
from web_server import SAMPLES

from gzssar.web.app import create_app

ROUTES = schemathesis.openapi.from_asgi("/openapi.json", create_app(FakeRecognizer(), shared=True, samples=SAMPLES))
OPERATIONS = {f"{found.ok().method} {found.ok().path}": found.ok() for found in ROUTES.get_all_operations()}


CLIPS = ("post /api/clip", "post /api/predict", "post /api/explain", "post /api/teach")
VIDEO = "post /api/video"
KNOWN = {"sample": "jumping jack", "classes": "[]", "candidates": ["cough", "refuse"], "label": "cough"}
"""What no draw would find: a clip, its name, labels of the model, and JSON within a field. A valid request that has
these in place of what was drawn is accepted; of the others, no schema can say which are."""
GOOD, BAD = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
CASES = [
    (name, mode)
    for name, operation in OPERATIONS.items()
    for mode in (GOOD, BAD)
    if mode == GOOD or operation.query or operation.body  # a request without fields cannot be wrong
]


@pytest.mark.filterwarnings("default")  # schemathesis' own
@pytest.mark.parametrize(("name", "mode"), CASES)
def test_answers_keep_to_the_schema(name, mode):
    @given(st.data())
    @settings(max_examples=20, suppress_health_check=list(HealthCheck))
    def ask(data):
        case = data.draw(OPERATIONS[name].as_strategy(generation_mode=mode))
        clips = name in CLIPS and isinstance(case.body, dict)
        known = mode == GOOD and clips and data.draw(st.booleans())
        if known:
            found = {"sample" if field == "clip" else field: value for field, value in case.body.items()}
            case.body = found | {field: value for field, value in KNOWN.items() if field in found}
        free = name == VIDEO or (clips and not known)  # no draw finds a video, or what stands in KNOWN
        case.call_and_validate(excluded_checks=CHECKS.get_by_names(["positive_data_acceptance"] if free else []))

    ask()


@pytest.mark.parametrize("name", [*CLIPS, VIDEO])
def test_the_schema_asks_for_a_file_or_a_sample(name):
    """As the routes do: a request that has neither, or both, is no valid one. No sample is a video."""
    kind = OPERATIONS[name].definition.raw["requestBody"]["content"]["multipart/form-data"]["schema"]["$ref"]
    form = ROUTES.raw_schema["components"]["schemas"][kind.rpartition("/")[2]]
    if name == VIDEO:
        assert "clip" in form["required"]
        assert "sample" not in form["properties"]
    else:
        assert form["oneOf"] == [{"required": ["clip"]}, {"required": ["sample"]}]
