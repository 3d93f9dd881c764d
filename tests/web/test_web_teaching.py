"""Classes that visitors teach by clips: what the routes answer, and that nobody else's model learns."""

import json

import numpy as np
import pytest
from web_recognizer import FakeRecognizer
from web_server import SAMPLES, client, npz_bytes

from gzssar.web.limits import Limits
from gzssar.web.schemas import OwnClass, packed, unpacked
from recognizer_world import fake_text_encoders, fitted_on_recordings, quick_fits, recordings

WAVE = {"sample": "hand waving"}


def teach(page, label, data=WAVE, **more):
    return page.post("/api/teach", data={**data, "label": label, **more})


def best(page, data=WAVE, **more):
    return page.post("/api/predict", data={**data, **more}).json()["ranking"][0]


def sentence(response, status=422):
    assert response.status_code == status, response.text
    return response.json()["error"]


def test_features_come_back_as_they_went():
    features = np.random.default_rng(0).normal(size=1024).astype(np.float32)
    assert np.array_equal(unpacked(packed(features)), features)
    assert OwnClass(label="x", clips=(packed(features),)).clips == (packed(features),)  # no longer than allowed


def test_a_taught_class_counts_where_its_clips_are_sent_along():
    page = client()
    taught = teach(page, "greet").json()
    assert (taught["label"], taught["kept"], taught["warning"]) == ("greet", False, [])
    own = json.dumps([{"label": "greet", "clips": [taught["clip"]]}])
    found = best(page, classes=own)
    assert (found["label"], found["seen"]) == ("greet", True)
    assert best(page)["label"] == "hand waving"  # and nowhere else
    assert best(page, {"sample": "side kick"}, classes=own)["label"] != "greet"


def test_a_class_of_the_model_is_taught_under_its_own_name():
    page = client()
    taught = teach(page, "Side  KICK").json()
    assert taught["label"] == "side kick"
    own = json.dumps([{"label": "side kick", "clips": [taught["clip"]]}])
    assert best(page, classes=own)["label"] == "side kick"


def test_words_and_clips_go_together():
    page = client()
    words = {"label": "greet", "motion": "a hand goes up"}
    clip = teach(page, "greet", classes=json.dumps([words])).json()["clip"]
    own = json.dumps([{**words, "clips": [clip]}])
    assert best(page, classes=own)["label"] == "greet"
    assert "already" in sentence(teach(page, "greet", classes=own), 409)


def test_what_speaks_against_a_clip_is_told():
    one_frame = {"clip": ("short.npz", npz_bytes(frames=1))}
    told = client().post("/api/teach", data={"label": "greet"}, files=one_frame).json()
    assert told["warning"] == [{"code": "made-up", "sentence": "1 frame: made up"}]


def test_a_shared_server_keeps_clips_for_all_until_they_are_taken_back():
    recognizer = FakeRecognizer()
    page = client(recognizer, shared=True)
    assert teach(page, "greet").json()["kept"] is True
    assert teach(page, "side kick").json()["kept"] is True
    assert teach(page, "side kick", {"sample": "squat down"}).json()["kept"] is True
    assert "already" in sentence(teach(page, "greet"), 409)

    def known():
        return {one["label"]: (one["added"], one["clips"]) for one in page.get("/api/classes").json()["classes"]}

    assert (known()["greet"], known()["side kick"], known()["clap"]) == ((True, 1), (False, 2), (False, 0))
    assert page.get("/api/model").json()["seen_count"] == 40
    assert best(page, {"sample": "squat down"})["label"] == "side kick"

    def take_back(label, number):
        return page.delete("/api/classes/clip", params={"label": label, "number": number})

    assert "no clip number 2" in sentence(take_back("side kick", 2), 404)
    assert "no clip number 0" in sentence(take_back("clap", 0), 404)
    assert take_back("side kick", 1).status_code == 200
    assert best(page, {"sample": "squat down"})["label"] == "squat down"
    assert known()["side kick"] == (False, 1)
    assert take_back("greet", 0).status_code == 200
    assert "greet" not in known()
    assert recognizer.shown == {}  # the model itself stays


def test_a_class_in_words_stays_when_its_clips_go():
    page = client(shared=True)
    page.post("/api/classes", json={"label": "greet", "motion": "a hand goes up"})
    teach(page, "greet")
    page.delete("/api/classes/clip", params={"label": "greet", "number": 0})
    last = page.get("/api/classes").json()["classes"][-1]
    assert (last["label"], last["clips"]) == ("greet", 0)


def test_too_many_clips():
    limits = Limits(max_clips=1, max_classes=1)
    page = client(limits=limits)
    own = json.dumps([{"label": "greet", "clips": [teach(page, "greet").json()["clip"]]}])
    assert "at most 1 clips" in sentence(teach(page, "greet", {"sample": "side kick"}, classes=own))
    assert "at most 1 classes" in sentence(teach(page, "kick", classes=own))
    shared = client(limits=limits, shared=True)
    assert teach(shared, "greet").status_code == 200
    assert "at most 1 clips" in sentence(teach(shared, "greet", {"sample": "side kick"}))


@pytest.mark.parametrize(
    ("clip", "told"),
    [
        ("!", "classes.0.clips.0 should match pattern"),
        ("AAAA", "should be answers of /api/teach"),  # three bytes
        ("AA", "should be answers of /api/teach"),
        ("A" * 20_001, "at most 20000 characters"),
        (packed(np.zeros(2)), "width 1"),
    ],
)
def test_clips_that_are_none(clip, told):
    own = json.dumps([{"label": "greet", "clips": [clip]}])
    assert told in sentence(client().post("/api/predict", data={**WAVE, "classes": own}))


def test_the_page_teaches_as_the_recognizer_does():
    with fake_text_encoders(), quick_fits():
        recognizer, drawn = fitted_on_recordings(), recordings(per_class=1, seed=3)
        clips = {f"clip {k}": drawn.sequence(k) for k in range(4)}
        page = client(recognizer, samples=clips)
        taught = [teach(page, "pour tea", {"sample": f"clip {k}"}).json() for k in range(2)]
        own = json.dumps([{"label": "pour tea", "clips": [one["clip"] for one in taught]}])
        by_hand = recognizer.copy()
        told = by_hand.add_class("pour tea", clips=[clips["clip 0"], clips["clip 1"]])
        assert sum(len(one["warning"]) for one in taught) == len(told)
        for name, clip in clips.items():
            answer = page.post("/api/predict", data={"sample": name, "classes": own, "top_k": 100}).json()
            expected = by_hand.predict(clip, top_k=100)
            assert [row["label"] for row in answer["ranking"]] == [row["label"] for row in expected]
            scores = [row["score"] for row in answer["ranking"]]
            np.testing.assert_allclose(scores, [row["score"] for row in expected], atol=1e-5)
        still = {"still": SAMPLES["hand waving"].part(0, 1)}
        assert "should show a motion" in sentence(teach(client(recognizer, samples=still), "x", {"sample": "still"}))
