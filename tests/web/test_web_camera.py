"""Pictures of a visitor's camera: what comes back, and who is refused."""

import asyncio
import threading
import time

import numpy as np
import pytest
from starlette.websockets import WebSocketDisconnect
from web_camera import bright_hand, packet, person, picture
from web_recognizer import FakeRecognizer
from web_server import client

from gzssar.errors import MissingExtraError
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.poses import Sighting
from gzssar.web import camera
from gzssar.web.limits import Limits
from gzssar.web.player import standing

QUICK = Limits(camera_silence_s=0.5)


def page_with(find_poses=bright_hand, recognizer=None, **options):
    return client(recognizer, find_poses=find_poses, **options)


def until(socket, kind):
    """The next message of a kind; others are passed over."""
    while (message := socket.receive_json())["kind"] != kind:
        assert message["kind"] != "end", message
    return message


def ended(socket):
    """Why the camera stopped."""
    while (message := socket.receive_json())["kind"] != "end":
        pass
    with pytest.raises(WebSocketDisconnect):
        socket.receive_json()
    return message["error"]


def show(socket, *brightness, start=0.0, fps=10.0):
    """Send pictures one by one, each after the skeleton of the one before came; answers in between come back."""
    for number, bright in enumerate(brightness):
        socket.send_bytes(packet(start + number / fps, picture(bright)))
        yield until(socket, "pose")


def test_skeletons_and_rankings_come_back():
    page = page_with()
    with page.websocket_connect("/api/camera") as socket:
        begin = socket.receive_json()
        assert (begin["kind"], len(begin["sides"]), begin["bones"]) == ("start", 25, [list(b) for b in NTU25.bones])
        poses = list(show(socket, *[0.8, 0.2] * 8))
        assert [pose["time"] for pose in poses] == [number / 10 for number in range(16)]
        hand = NTU25.joint_names.index("right hand")
        heights = [pose["bodies"][0][3 * hand + 1] for pose in poses]
        assert heights == pytest.approx([0.8, 0.2] * 8, abs=0.01)  # metres above the hips, y up
        assert np.array(poses[0]["people"]["0"]).shape == (33, 4)
        assert poses[0]["people"]["0"][16][:2] == pytest.approx([-0.2, -0.8], abs=0.01)  # MediaPipe's own axes
        answer = until_answered(socket)
        assert len(answer["answer"]["ranking"]) == 48
        assert answer["others"] == []


def until_answered(socket, start=2.0):
    """The first ranking; pictures go on meanwhile."""
    return while_moving(socket, start, lambda message: message["kind"] == "answer" and message["answer"] is not None)


def while_moving(socket, start, is_wanted):
    """The first message that is wanted, while pictures of somebody who moves are sent."""
    for number in range(200):
        socket.send_bytes(packet(start + number / 10, picture([0.3, 0.9][number % 2])))
        while (message := socket.receive_json())["kind"] != "pose":
            assert message["kind"] != "end", message
            if is_wanted(message):
                return message
    raise AssertionError("what was wanted did not come")


def test_nobody_is_there():
    with page_with().websocket_connect("/api/camera") as socket:
        for pose in show(socket, *[0.0] * 5):
            assert (pose["bodies"], pose["people"]) == ([], {})


def test_own_classes_and_candidates_count():
    with page_with().websocket_connect("/api/camera") as socket:
        order = {"classes": [{"label": "greet", "motion": "a hand goes up"}], "candidates": ["greet", "clap"]}
        socket.send_json(order)
        ranking = until_answered(socket)["answer"]["ranking"]
        assert {row["label"] for row in ranking} == {"greet", "clap"}


def test_the_newest_picture_counts_where_people_are_found_slowly():
    looked_at, begun, go = [], threading.Event(), threading.Semaphore(0)

    def slow(pictures):
        for one in pictures:
            begun.set()
            go.acquire(timeout=10)
            looked_at.append(one.time)
            yield Sighting(one.time, ())

    with page_with(slow).websocket_connect("/api/camera") as socket:
        socket.receive_json()
        for number in range(10):
            socket.send_bytes(packet(float(number), picture(0.5)))
            assert begun.wait(10)
        time.sleep(0.3)  # all are there
        go.release(), go.release()
        first, last = until(socket, "pose"), until(socket, "pose")
        assert looked_at == [first["time"], last["time"]]
        assert first["time"] == 0.0
        assert (last["time"], last["skipped"]) == (9.0, 8)


def test_several_people_stand_side_by_side_and_are_answered_apart():
    def two(pictures):
        for number, one in enumerate(pictures):
            yield Sighting(one.time, (person(0.1, at=0.2), person(0.1 * (number % 5), at=0.8)))

    with page_with(two).websocket_connect("/api/camera") as socket:
        message = until_answered(socket)
        assert len(message["others"]) == 1
        socket.send_bytes(packet(50.0, picture(0.5)))
        left, right = (np.reshape(body, (25, 3)) for body in until(socket, "pose")["bodies"])
        assert right[:, 0].min() > left[:, 0].max()


def test_where_people_stand():
    assert standing({}) == []
    alone = np.reshape(standing({0: person(at=0.9)})[0], (25, 3))
    assert abs(alone[0, 0]) < 0.05  # in the middle, wherever in the picture
    assert standing({1: person()})[0] is None


def test_one_camera_at_a_time():
    page = page_with()
    with page.websocket_connect("/api/camera") as first:
        first.receive_json()
        with page.websocket_connect("/api/camera") as second:
            assert "one runs at a time" in ended(second)
        assert next(show(first, 0.5))["kind"] == "pose"  # the first one goes on
    with page.websocket_connect("/api/camera") as third:
        assert third.receive_json()["kind"] == "start"


def test_no_cameras_where_the_server_was_not_told():
    with client().websocket_connect("/api/camera") as socket:
        assert "can allow it by --camera" in ended(socket)


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "rebound.example"}]
)
def test_pages_of_other_sites_are_refused(headers):
    page = page_with(hosts=("testserver",))
    with pytest.raises(WebSocketDisconnect), page.websocket_connect("/api/camera", headers=headers):
        pass
    with page.websocket_connect("/api/camera", headers={"Origin": "http://testserver"}) as socket:
        assert socket.receive_json()["kind"] == "start"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (b"", "the time is missing or too large: send both."),
        (packet(float("nan"), picture(0.5)), "as its time in seconds and then a JPEG, but the time"),
        (packet(1.0, b"no picture"), "should be a JPEG"),
        (packet(1.0, picture(0.5)[:300]), "should be a JPEG"),
        (packet(1.0, picture(0.5, format="PNG")), "should be a JPEG"),
        (packet(1.0, picture(0.5, size=(1300, 10))), "at most 1280 pixels across and down, but this one has 1300 × 10"),
        (packet(1.0, bytes(600 * 1024)), "should have at most 512 KiB, but this one has 600"),
        ("{", "a camera's request is not as expected"),
        ('{"classes": [{"label": ""}]}', "classes.0.label in a camera's request"),
        ('{"candidates": 3}', "is not as expected (Input should be a valid array): reload the page."),
        ('{"other": 1}', "other in a camera's request"),
    ],
)
def test_what_is_no_picture_ends_the_camera(message, told):
    page = page_with()
    with page.websocket_connect("/api/camera") as socket:
        socket.send_bytes(message) if isinstance(message, bytes) else socket.send_text(message)
        assert told in ended(socket)
    with page.websocket_connect("/api/camera") as socket:  # and the next one is welcome
        assert socket.receive_json()["kind"] == "start"


def test_a_camera_that_falls_silent_or_runs_for_too_long():
    with page_with(limits=QUICK).websocket_connect("/api/camera") as socket:
        assert "no picture came for 0.5 s" in ended(socket)
    with page_with(limits=Limits(camera_s=0.3)).websocket_connect("/api/camera") as socket:
        assert "which is the most: start it again" in ended(socket)


def test_a_visitor_who_does_not_listen_keeps_no_camera_from_others(monkeypatch):
    monkeypatch.setattr(camera, "_GOODBYE_S", 0.1)
    page, others = page_with(limits=Limits(camera_s=0.3)), []
    told = {"type": "websocket", "path": "/api/camera", "headers": [], "query_string": b"", "subprotocols": []}
    come = iter([{"type": "websocket.connect"}])

    async def receive():
        return next(come, None) or await asyncio.Event().wait()

    async def send(message):
        if '"end"' in message.get("text", ""):
            with page.websocket_connect("/api/camera") as other:
                others.append(other.receive_json()["kind"])
        if message["type"] != "websocket.accept":
            await asyncio.Event().wait()  # as where the connection is full

    asyncio.run(asyncio.wait_for(page.app(told, receive, send), 10))
    assert others == ["start"]


def test_mediapipe_is_missing():
    def lacking(pictures):
        raise MissingExtraError("finding people in pictures needs MediaPipe 0.10.21: pip install 'gzssar[pose]'.")
        yield

    with page_with(lacking).websocket_connect("/api/camera") as socket:
        assert "pip install 'gzssar[pose]'" in ended(socket)


def test_our_own_mistakes():
    def fail(clip):
        raise RuntimeError("secret")

    page = page_with(recognizer=FakeRecognizer(on_predict=fail))
    with page.websocket_connect("/api/camera") as socket, pytest.raises(AssertionError) as over:
        until_answered(socket)
    assert "the server made a mistake" in str(over.value)
    assert "secret" not in str(over.value)


def test_a_message_that_nobody_foresaw_ends_the_camera(caplog):
    page = page_with()
    with page.websocket_connect("/api/camera") as socket:
        socket.send({"type": "websocket.receive"})  # neither text nor bytes
        assert ended(socket) == "the server made a mistake, which its log tells of."
    assert "KeyError" in caplog.text
    with page.websocket_connect("/api/camera") as socket:
        assert socket.receive_json()["kind"] == "start"


def test_a_class_that_another_visitor_removed_is_told_and_the_camera_goes_on():
    page = page_with(shared=True)
    page.post("/api/classes", json={"label": "juggle"})
    with page.websocket_connect("/api/camera") as socket:
        socket.send_json({"candidates": ["juggle", "clap"]})
        until_answered(socket)
        page.delete("/api/classes?label=juggle")
        trouble = while_moving(socket, 25.0, lambda message: message["kind"] == "trouble")
        assert "'juggle' is not" in trouble["error"]
        socket.send_json({"candidates": ["clap"]})
        assert [row["label"] for row in until_answered(socket, 50.0)["answer"]["ranking"]] == ["clap"]


def test_no_thread_stays_behind():
    page = page_with()
    with page.websocket_connect("/api/camera") as socket:
        list(show(socket, 0.5, 0.6))
    with page.websocket_connect("/api/camera") as socket:  # waits for the first one's end
        socket.receive_json()
    wanted = ("gzssar-poses", "gzssar-live")
    deadline = time.monotonic() + 5
    while any(thread.name in wanted for thread in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not [thread for thread in threading.enumerate() if thread.name in wanted]
