"""Every route: what it answers, and what it says to bad input."""

import json

import numpy as np
import pytest
from web_recognizer import ALL, UNSEEN, FakeRecognizer
from web_server import SAMPLES, client, csv_bytes, npy_bytes, npz_bytes, two_bodies

from gzssar.errors import ConfigError
from gzssar.web.limits import Limits

SAMPLE = {"sample": "jumping jack"}
JUGGLE = {"label": "juggle", "action": "Throw and catch.", "motion": "Both hands go up and down."}


def sentence(response, status=422):
    assert response.status_code == status, response.text
    body = response.json()
    assert list(body) == ["error"]
    assert body["error"].endswith(".")
    assert "Traceback" not in body["error"]
    assert "/tmp" not in body["error"]
    return body["error"]


def predict(page, data=SAMPLE, file=None, **more):
    files = {"clip": file} if file else None
    return page.post("/api/predict", data={**(data or {}), **more}, files=files)


def test_predict_ranks_a_sample():
    answer = predict(client()).json()
    assert answer["label"] == "jumping jack"
    assert len(answer["ranking"]) == 5
    scores = [entry["score"] for entry in answer["ranking"]]
    assert scores == sorted(scores, reverse=True)
    assert answer["ranking"][0] == {"label": "jumping jack", "score": scores[0], "seen": False}
    assert 0 <= answer["p_seen"] <= 1
    assert (answer["best_guess"], answer["score"], answer["seen"]) == ("jumping jack", scores[0], False)
    assert answer["abstained"] is False


def test_predict_ranks_an_uploaded_file():
    answer = predict(client(), None, ("S001C001P001R001A007.npz", npz_bytes()), top_k=3)
    assert answer.status_code == 200
    assert len(answer.json()["ranking"]) == 3


def test_predict_ranks_candidates_alone():
    answer = predict(client(), candidates=["clap", "bow"]).json()
    assert {entry["label"] for entry in answer["ranking"]} == {"clap", "bow"}


def test_predict_may_abstain():
    plain = ("clip.npz", npz_bytes())
    assert predict(client(), None, plain, abstain="true").json()["abstained"] is True
    assert predict(client(), None, plain).json()["abstained"] is False


def test_sent_classes_count_for_one_request_alone():
    page = client()
    with_it = predict(page, classes=json.dumps([JUGGLE]), top_k=100).json()
    assert "juggle" in {entry["label"] for entry in with_it["ranking"]}
    without = predict(page, top_k=100).json()
    assert "juggle" not in {entry["label"] for entry in without["ranking"]}
    assert "juggle" not in {one["label"] for one in page.get("/api/classes").json()["classes"]}


def test_explain():
    why = client().post("/api/explain", data={**SAMPLE, "label": "jumping jack"}).json()
    assert set(why["similarity"]) == {"label", "action", "motion"}
    assert len(why["joints"]) == 25
    assert len(why["frame_edges"]) == len(why["frames"]) + 1
    sent = {**SAMPLE, "label": "juggle", "classes": json.dumps([{"label": "juggle", "motion": "Up and down."}])}
    assert set(client().post("/api/explain", data=sent).json()["similarity"]) == {"label", "motion"}


def test_clip_for_the_player():
    shown = client().post("/api/clip", data=SAMPLE).json()
    assert (shown["frame_count"], shown["fps"], shown["layout"], shown["dimensions"]) == (64, 20, "ntu25", 3)
    assert len(shown["motion"]) == 64
    assert len(shown["motion"][0][0]) == 75
    assert len(shown["joint_names"]) == len(shown["sides"]) == 25
    assert len(shown["bones"]) == 24


def test_an_error_names_the_field_that_would_help():
    for path in ("/api/clip", "/api/predict"):
        refused = client().post(path, files={"clip": ("wave.csv", csv_bytes())})
        assert refused.status_code == 422
        assert refused.json()["field"] == "layout"
    assert list(predict(client(), candidates="fly").json()) == ["error"]


def test_a_model_of_one_kind_of_class_asks_no_gate():
    assert predict(client(FakeRecognizer(seen=frozenset(ALL)))).json()["p_seen"] is None


def test_two_bodies_and_a_layout_that_the_visitor_names():
    file = {"clip": ("two.npy", npy_bytes(two_bodies()))}
    shown = client().post("/api/clip", files=file, data={"layout": "ntu25", "fps": "15"}).json()
    assert shown["fps"] == 15
    assert all(len(frame) == 2 and all(frame) for frame in shown["motion"])


def test_a_clip_in_a_picture_plays_but_the_answer_says_why_not():
    flat = {"clip": ("flat.csv", csv_bytes(joints=25).replace(b"\n", b"\n"))}
    page = client()
    picture = npy_bytes(np.random.default_rng(0).normal(size=(5, 17, 2)).astype(np.float32))
    flat = {"clip": ("flat.npy", picture)}
    shown = page.post("/api/clip", files=flat, data={"layout": "coco17"}).json()
    assert shown["dimensions"] == 2
    assert {value for frame in shown["motion"] for value in frame[0][2::3]} == {0.0}
    assert "two in a picture" in sentence(page.post("/api/predict", files=flat, data={"layout": "coco17"}))


def test_classes_samples_model_health():
    page = client()
    classes = page.get("/api/classes").json()["classes"]
    assert [one["label"] for one in classes] == list(FakeRecognizer().classes)
    assert {one["label"] for one in classes if not one["seen"]} == set(UNSEEN)
    assert not any(one["added"] for one in classes)
    assert all(one["motion"] for one in classes)
    assert [one["name"] for one in page.get("/api/samples").json()["samples"]] == list(SAMPLES)
    model = page.get("/api/model").json()
    assert (model["synthetic"], model["shared"], model["seen_count"], model["unseen_count"]) == (True, False, 40, 8)
    assert page.get("/healthz").json() == {"status": "ok"}


def test_a_private_server_checks_a_class_and_keeps_nothing():
    page = client()
    assert page.post("/api/classes", json=JUGGLE).json() == {"label": "juggle", "kept": False, "warning": []}
    assert len(page.get("/api/classes").json()["classes"]) == len(ALL)
    assert "already" in sentence(page.post("/api/classes", json={"label": "clap"}), 409)
    assert "no added class" in sentence(page.delete("/api/classes", params={"label": "juggle"}), 404)


def test_a_shared_server_keeps_classes_for_all():
    recognizer = FakeRecognizer()
    page = client(recognizer, shared=True)
    assert page.post("/api/classes", json=JUGGLE).json() == {"label": "juggle", "kept": True, "warning": []}
    last = page.get("/api/classes").json()["classes"][-1]
    assert last == {**JUGGLE, "seen": False, "added": True, "clips": 0}
    assert "juggle" in {entry["label"] for entry in predict(page, top_k=100).json()["ranking"]}
    assert "already" in sentence(page.post("/api/classes", json=JUGGLE), 409)
    assert "class of the model" in sentence(page.delete("/api/classes", params={"label": "clap"}), 409)
    assert page.delete("/api/classes", params={"label": "juggle"}).json() == {
        "label": "juggle",
        "kept": False,
        "warning": [],
    }
    assert "juggle" not in {entry["label"] for entry in predict(page, top_k=100).json()["ranking"]}
    assert recognizer.classes == FakeRecognizer().classes  # the model itself stays


def test_too_many_classes():
    page = client(shared=True, limits=Limits(max_classes=2))
    for label in ("one", "two"):
        assert page.post("/api/classes", json={"label": label}).status_code == 200
    assert "at most 2" in sentence(page.post("/api/classes", json={"label": "three"}))
    many = json.dumps([{"label": str(k)} for k in range(3)])
    assert "at most 2" in sentence(predict(client(limits=Limits(max_classes=2)), classes=many))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"top_k": "many"}, "top_k should be a valid integer"),
        ({"top_k": "0"}, "top_k should be greater than or equal to 1"),
        ({"candidates": "fly"}, "'fly' is not"),
        ({"classes": "{"}, "classes: Invalid JSON"),
        ({"classes": '[{"action": "Throw."}]'}, "classes.0.label is missing"),
        ({"classes": '[{"label": " "}]'}, "classes.0.label should have at least 1 character"),
        ({"classes": '[{"label": "' + "x" * 101 + '"}]'}, "at most 100 characters"),
        ({"classes": '[{"label": "x", "motion": "' + "x" * 1001 + '"}]'}, "at most 1000 characters"),
        ({"classes": '[{"label": "clap"}]'}, "there already"),
        ({"classes": '[{"label": "a"}, {"label": "a"}]'}, "there already"),
        ({"classes": '[{"label": "\\ud800"}]'}, "classes"),
        ({"topk": "3"}, "topk is not a field of this request: /docs lists its fields."),
        ({"layout": "octopus"}, "layout should be 'ntu25'"),
        ({"fps": "0"}, "fps should be greater than 0"),
        ({"fps": "nan"}, "fps should be"),
        ({"index": "-1"}, "index should be greater than or equal to 0"),
    ],
)
def test_bad_fields(fields, told):
    assert told in sentence(predict(client(), **fields))


def test_which_clip():
    page = client()
    assert "the request has neither" in sentence(page.post("/api/predict", data={"top_k": "3"}))
    assert "the request has both" in sentence(predict(page, SAMPLE, ("a.npz", npz_bytes())))
    assert "should be a file" in sentence(predict(page, {"clip": "no file"}))
    assert "file is not a field" in sentence(page.post("/api/predict", files={"file": ("a.npz", npz_bytes())}))
    for name in ("../../etc/passwd", "..%2f..", "/etc/passwd", "nothing"):
        assert "no sample" in sentence(predict(page, {"sample": name}), 404)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"label": 5}', b'{"label": "a", "other": 1}', b"\xff"])
def test_bad_json(body):
    response = client().post("/api/classes", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 422)
    assert response.json()["error"].endswith(".")


def test_json_alone_adds_a_class():
    told = sentence(
        client(shared=True).post("/api/classes", content=json.dumps(JUGGLE), headers={"Content-Type": "text/plain"})
    )
    assert told


def test_half_characters_are_no_server_error():
    body = b'{"label": "a\\ud800b"}'
    response = client(shared=True).post("/api/classes", content=body, headers={"Content-Type": "application/json"})
    sentence(response)


def test_errors_of_the_recognizer_are_told():
    def refuse(clip):
        raise ConfigError("a model made from features has no encoder: fit one on clips.")

    assert "no encoder" in sentence(predict(client(FakeRecognizer(on_predict=refuse))))


def test_a_mistake_of_ours_shows_no_traceback():
    def fail(clip):
        raise RuntimeError("secret")

    told = predict(client(FakeRecognizer(on_predict=fail), raises=False))
    assert "secret" not in sentence(told, 500)
    assert told.headers["X-Content-Type-Options"] == "nosniff"


def test_unknown_addresses_and_methods():
    page = client()
    for path in ("/nothing", "/static/app.js", "/../pyproject.toml", "/api", "/app.js/", "/%2e%2e/app.py"):
        sentence(page.get(path), 404)
    wrong = page.put("/api/classes")
    assert "GET, POST, DELETE" in sentence(wrong, 405)
    assert wrong.headers["Allow"] == "GET, POST, DELETE"


def test_openapi_documents_every_error_as_a_sentence():
    paths = client().get("/openapi.json").json()["paths"]
    assert set(paths) == {
        *("/api/clip", "/api/predict", "/api/explain", "/api/teach", "/api/classes", "/api/classes/clip"),
        *("/api/video", "/api/samples", "/api/model", "/healthz"),
    }
    for methods in paths.values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                if status != "200":
                    assert response["content"]["application/json"]["schema"]["$ref"].endswith("/Failure")
