"""Requests drawn from the routes' own schema, good and bad: no answer is a server error, all keep to the schema."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings, strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from web_recognizer import FakeRecognizer
from web_server import SAMPLES

from gzssar.web.app import create_app

LEFT_OUT = ("positive_data_acceptance",)
"""No schema can say what a clip is, or which labels are taken: of valid requests most are rightly refused."""

ROUTES = schemathesis.openapi.from_asgi("/openapi.json", create_app(FakeRecognizer(), shared=True, samples=SAMPLES))
OPERATIONS = {f"{found.ok().method} {found.ok().path}": found.ok() for found in ROUTES.get_all_operations()}


CLIPS = ("post /api/clip", "post /api/predict", "post /api/explain", "post /api/teach", "post /api/video")
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
        if mode == GOOD and isinstance(case.body, dict) and name in CLIPS and data.draw(st.booleans()):
            case.body = {**case.body, "sample": "jumping jack"}  # no draw would find its name
            case.body.pop("clip", None)
        case.call_and_validate(excluded_checks=CHECKS.get_by_names(LEFT_OUT))

    ask()
