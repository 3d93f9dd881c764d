"""Work in threads: bounded, timed, and dropped for who has left. And many requests at the same time."""

import asyncio
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from starlette.exceptions import HTTPException
from web_recognizer import FakeRecognizer, number
from web_server import client, npz_bytes, running

from gzssar.web.limits import Limits
from gzssar.web.workers import Workers


class Caller:
    """Stands in for a request whose client waits, or leaves."""

    def __init__(self):
        self.left = asyncio.Event()
        self.scope = {}

    async def receive(self):
        await self.left.wait()
        return {"type": "http.disconnect"}


def held(gate):
    def work(check):
        gate.wait(10)
        check()
        return "done"

    return work


def test_work_is_done_in_a_thread():
    async def main():
        here = threading.get_ident()
        there = await Workers(Limits()).run(Caller(), lambda check: threading.get_ident())
        assert there != here

    asyncio.run(main())


def test_errors_come_through():
    async def main():
        with pytest.raises(ZeroDivisionError):
            await Workers(Limits()).run(Caller(), lambda check: 1 // 0)

    asyncio.run(main())


def test_too_many_are_told_to_come_back():
    async def main():
        gate, workers = threading.Event(), Workers(Limits(workers=1, queue=1))
        waiting = [asyncio.ensure_future(workers.run(Caller(), held(gate))) for _ in range(2)]
        await asyncio.sleep(0.05)
        with pytest.raises(HTTPException) as refused:
            await workers.run(Caller(), held(gate))
        assert refused.value.status_code == 503
        assert refused.value.headers["Retry-After"]
        gate.set()
        assert await asyncio.gather(*waiting) == ["done", "done"]
        assert await workers.run(Caller(), held(gate)) == "done"

    asyncio.run(main())


def test_two_pieces_of_work_share_the_time_of_one_request():
    async def main():
        gate, one, other = threading.Event(), Workers(Limits()), Workers(Limits())
        caller = Caller()
        await one.run(caller, lambda check: None)
        [answer_by] = caller.scope.values()
        await other.run(caller, lambda check: None)
        assert list(caller.scope.values()) == [answer_by]
        caller.scope = dict.fromkeys(caller.scope, time.monotonic() - 1)
        with pytest.raises(HTTPException) as late:
            await other.run(caller, held(gate))
        assert late.value.status_code in (503, 504)
        gate.set()

    asyncio.run(main())


def test_slow_work_is_given_up_but_keeps_its_place_until_it_ends():
    async def main():
        gate, workers = threading.Event(), Workers(Limits(workers=1, queue=0, time_limit_s=0.1))
        with pytest.raises(HTTPException) as slow:
            await workers.run(Caller(), held(gate))
        assert slow.value.status_code == 504
        assert slow.value.detail.endswith("but it is not ready: send a shorter clip, or fewer classes.")
        with pytest.raises(HTTPException) as busy:
            await workers.run(Caller(), held(gate))
        assert busy.value.status_code == 503
        gate.set()
        await asyncio.sleep(0.1)
        assert await workers.run(Caller(), held(gate)) == "done"

    asyncio.run(main())


def test_who_waits_in_the_queue_too_long_is_told_that_it_is_busy():
    async def main():
        gate, workers = threading.Event(), Workers(Limits(workers=1, queue=1, time_limit_s=0.2))
        first = asyncio.ensure_future(workers.run(Caller(), held(gate)))
        await asyncio.sleep(0.05)
        with pytest.raises(HTTPException) as busy:
            await workers.run(Caller(), held(gate))
        assert busy.value.status_code == 503
        gate.set()
        with pytest.raises(HTTPException):
            await first

    asyncio.run(main())


def test_who_leaves_frees_the_place():
    async def main():
        gate, workers = threading.Event(), Workers(Limits(workers=1, queue=1))
        working = asyncio.ensure_future(workers.run(Caller(), held(gate)))
        await asyncio.sleep(0.05)
        caller = Caller()
        queued = asyncio.ensure_future(workers.run(caller, held(gate)))
        await asyncio.sleep(0.05)
        caller.left.set()
        with pytest.raises(HTTPException) as gone:
            await queued
        assert gone.value.status_code == 499
        another = asyncio.ensure_future(workers.run(Caller(), held(gate)))  # there is a place again
        await asyncio.sleep(0.05)
        assert not another.done()
        gate.set()
        assert await asyncio.gather(working, another) == ["done", "done"]

    asyncio.run(main())


def test_work_for_nobody_stops_at_its_next_step():
    async def main():
        gate, steps, caller, workers = threading.Event(), [], Caller(), Workers(Limits(workers=1))

        def work(check):
            steps.append(1)
            gate.wait(10)
            check()
            steps.append(2)

        job = asyncio.ensure_future(workers.run(caller, work))
        await asyncio.sleep(0.05)
        caller.left.set()
        with pytest.raises(HTTPException):
            await job
        gate.set()
        await workers.run(Caller(), lambda check: None)  # the only worker has ended the first
        assert steps == [1]

    asyncio.run(main())


def test_work_may_begin_again_after_an_end():
    async def main():
        workers = Workers(Limits())
        for _ in range(2):
            assert await workers.run(Caller(), lambda check: "done") == "done"
            workers.close()

    asyncio.run(main())


def test_the_page_says_so():
    def wait(clip):
        time.sleep(0.4)

    page = client(FakeRecognizer(on_predict=wait), limits=Limits(time_limit_s=0.1))
    slow = page.post("/api/predict", data={"sample": "jumping jack"})
    assert slow.status_code == 504
    assert "at most 0.1 s" in slow.json()["error"]


def test_words_that_take_long_may_wait_for_their_language_model(monkeypatch):
    monkeypatch.setattr(FakeRecognizer, "add_class", lambda *_, **__: time.sleep(0.4))
    slow = client(limits=Limits(time_limit_s=0.1)).post("/api/classes", json={"label": "juggle", "action": "x"})
    assert slow.status_code == 504
    assert "the language model may be loading, so try again in a moment." in slow.json()["error"]


def test_a_client_that_leaves_frees_its_place_on_a_real_server():
    gate, begun = threading.Event(), threading.Semaphore(0)

    def wait(clip):
        begun.release()
        gate.wait(10)

    body = b"sample=jumping+jack"
    head = (
        b"POST /api/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    )
    limits = Limits(workers=1, queue=1)
    with running(FakeRecognizer(on_predict=wait), limits=limits) as address:
        port = int(address.rpartition(":")[2])
        callers = []
        for _ in range(2):  # one at work, one in the queue
            callers.append(socket.create_connection(("127.0.0.1", port)))
            callers[-1].sendall(head + body)
            if len(callers) == 1:
                assert begun.acquire(timeout=10)

        def ask():
            return httpx2.post(f"{address}/api/predict", data={"sample": "jumping jack"}, timeout=10)

        until(lambda: ask().status_code == 503)
        callers[1].close()
        with ThreadPoolExecutor(1) as pool:
            time.sleep(0.2)
            answer = pool.submit(ask)
            time.sleep(0.1)
            gate.set()
            assert answer.result().status_code == 200
        callers[0].close()


def test_a_language_model_that_loads_holds_up_nobody_else():
    gate, loading, own = threading.Event(), threading.Semaphore(0), '[{"label": "own"}]'

    class Loading(FakeRecognizer):
        def add_class(self, label, action=None, motion=None):
            if label.startswith("new"):
                loading.release()
                gate.wait(10)
            super().add_class(label, action, motion)

    with running(Loading(), limits=Limits(workers=2)) as address, ThreadPoolExecutor(3) as pool:

        def ask(**more):
            return httpx2.post(f"{address}/api/predict", data={"sample": "jumping jack", **more}, timeout=10)

        try:
            assert ask(classes=own).status_code == 200
            waiting = [pool.submit(ask, classes=f'[{{"label": "new {k}"}}]') for k in range(3)]
            assert loading.acquire(timeout=10)
            assert ask().status_code == ask(classes=own).status_code == 200
            assert not any(one.done() for one in waiting)
        finally:
            gate.set()
        assert [one.result().status_code for one in waiting] == [200] * 3


def until(condition):
    for _ in range(200):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it did not happen")


def test_two_hundred_requests_from_sixteen_threads():
    """None is lost and none mixed up: every clip has another answer, with and without a class of one's own."""
    files = [npz_bytes(clips=8, frames=8)] * 25
    jobs = [(file, index, own) for own in (False, True) for file in files[:13] for index in range(8)][:200]

    def ask(job):
        file, index, own = job
        data = {"index": str(index), "top_k": "3"}
        if own:
            data["classes"] = f'[{{"label": "own {index}"}}]'
        return web.post("/api/predict", files={"clip": ("a.npz", file)}, data=data)

    with running() as address, httpx2.Client(base_url=address, timeout=60) as web:
        expected = {job[1:]: ask(job).json() for job in jobs[:8] + jobs[-8:]}
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(ask, jobs))
    assert [answer.status_code for answer in answers] == [200] * 200
    assert len({number(str(answer)) for answer in expected.values()}) == 16
    for job, answer in zip(jobs, answers, strict=True):
        assert answer.json() == expected[job[1:]]
        labels = {entry["label"] for entry in answer.json()["ranking"]}
        assert all(label == f"own {job[1]}" for label in labels if label.startswith("own"))
