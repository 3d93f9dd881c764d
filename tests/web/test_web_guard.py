"""Who may ask, how much, and what every answer carries."""

import asyncio
import json

import pytest
from web_server import client, npz_bytes

from gzssar.web.app import PAGES
from gzssar.web.guard import SECURITY, Guard, host_name
from gzssar.web.limits import MIB, Limits

HOSTS = ("127.0.0.1", "localhost", "::1")


@pytest.mark.parametrize("path", [*PAGES, "/healthz", "/nothing", "/openapi.json", "/api/classes"])
def test_every_answer_carries_the_security_headers(path):
    headers = client().get(path).headers
    assert {name: headers[name] for name in SECURITY} == SECURITY
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("path", list(PAGES))
def test_pages_name_nothing_of_other_sites(path):
    text = client().get(path).text
    for address in ("//cdn", "https://", "http://"):
        assert address not in text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "<style" not in text
    assert " style=" not in text
    assert "innerHTML" not in text


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost:1", "[::1]:8000", "LOCALHOST"])
def test_own_hosts(host):
    assert client(hosts=HOSTS).get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil:80", "[", "", "evil@x:1"])
def test_foreign_hosts(host):
    refused = client(hosts=HOSTS).get("/healthz", headers={"Host": host})
    assert refused.status_code == 403
    assert "answers as" in refused.json()["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://testserver:81"},
        {"Origin": "http://["},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_pages_of_other_sites_may_change_nothing(headers):
    page = client(shared=True)
    assert page.post("/api/classes", json={"label": "a"}, headers=headers).status_code == 403
    assert page.post("/api/predict", data={"sample": "jumping jack"}, headers=headers).status_code == 403
    assert page.delete("/api/classes?label=a", headers=headers).status_code == 403
    assert page.get("/healthz", headers=headers).status_code == 200


def test_the_own_page_may():
    behind_a_proxy = {"Origin": "https://public.example", "Sec-Fetch-Site": "same-origin"}
    for headers in ({"Origin": "http://testserver"}, behind_a_proxy, {"Sec-Fetch-Site": "none"}):
        assert client().post("/api/predict", data={"sample": "jumping jack"}, headers=headers).status_code == 200


def test_host_names():
    assert [host_name(host) for host in ("a:1", "[::1]:2", "A.b", "", "[")] == ["a", "::1", "a.b", "", ""]


def test_files_that_are_too_large():
    page = client(limits=Limits(max_upload_bytes=1000))
    file = {"clip": ("a.npz", npz_bytes())}
    refused = page.post("/api/predict", files=file)
    assert refused.status_code == 413
    assert "clip should have at most" in refused.json()["error"]
    huge = page.post("/api/predict", files={"clip": ("a.npz", bytes(2 * MIB))})
    assert huge.status_code == 413
    assert "the request should have at most" in huge.json()["error"]


def test_other_requests_are_small():
    refused = client().post("/api/classes", json={"label": "a", "motion": "x" * 70_000})
    assert refused.status_code == 413
    assert "64 KiB" in refused.json()["error"]


def test_bodies_are_counted_where_no_length_is_stated():
    def pieces():
        for _ in range(40):
            yield bytes(100_000)

    page = client(limits=Limits(max_upload_bytes=1000))
    refused = page.post("/api/predict", content=pieces(), headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert refused.status_code == 413


def ask(app, messages, path="/api/classes", headers=()):
    """Send raw ASGI messages, each after so many seconds; return the status and the body."""
    sent = []

    async def receive():
        if not messages:
            await asyncio.sleep(60)
        seconds, message = messages.pop(0)
        await asyncio.sleep(seconds)
        return message

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(b"host", b"x"), (b"content-type", b"application/json"), *headers], "http_version": "1.1",
        "scheme": "http", "server": ("x", 80), "client": ("y", 1), "root_path": "",
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


def piece(body, more=True):
    return {"type": "http.request", "body": body, "more_body": more}


def test_bodies_that_arrive_too_slowly():
    status, body = ask(client(limits=Limits(time_limit_s=0.05)).app, [(0, piece(b'{"la')), (5, piece(b"", False))])
    assert status == 408
    assert "arrive within 0.05 s" in json.loads(body)["error"]


def test_a_stated_length_beyond_reason_is_not_read():
    status, body = ask(client().app, [(60, piece(b""))], headers=[(b"content-length", b"99999999999")])
    assert status == 413
    assert b"at most" in body


def test_what_is_no_request_passes():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    asyncio.run(Guard(app, Limits())({"type": "lifespan"}, None, None))
    assert seen == ["lifespan"]


def test_too_many_requests_are_told_to_come_back_in_json():
    sent, arrived, leave = [], asyncio.Event(), asyncio.Event()

    async def slow(scope, receive, send):
        arrived.set()
        await leave.wait()

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        sent.append(message)

    async def ask():
        guard = Guard(slow, Limits(max_requests=1))
        scope = {"type": "http", "method": "GET", "path": "/healthz", "headers": [(b"host", b"x")]}
        first = asyncio.create_task(guard(dict(scope), receive, send))
        await arrived.wait()
        await guard(dict(scope), receive, send)  # answered at once, though the first is still there
        leave.set()
        await first
        refused, body = sent
        await guard(dict(scope), receive, send)  # there is room again
        return refused, body

    refused, body = asyncio.run(ask())
    assert (refused["status"], dict(refused["headers"])[b"retry-after"]) == (503, b"2")
    assert "busy" in json.loads(body["body"])["error"]
    assert b"content-security-policy" in dict(refused["headers"])
    assert len(sent) == 2
