import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gzssar.errors import ConfigError, EndpointError, GzssarError, MissingExtraError, TextError
from gzssar.texts.authoring import filling
from gzssar.texts.authoring.filling import fill_texts
from gzssar.texts.authoring.template import write_template
from gzssar.texts.classes import ClassText, read_class_texts

SECRET = "sk-very-secret"


def answer_for(label):
    return json.dumps({"action": f"to {label}", "motion": f"the body shows {label}"})


class StandIn:
    """An OpenAI-compatible endpoint that answers from a list, then sensibly."""

    def __init__(self):
        self.requests, self.headers, self.answers = [], [], []
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                stand_in.requests.append(body)
                stand_in.headers.append({name.lower(): value for name, value in self.headers.items()})
                status, content = stand_in.answer(body)
                raw = content if isinstance(content, bytes) else reply(content)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"

    def answer(self, body):
        following = self.answers.pop(0) if self.answers else None
        if callable(following):
            following = following()
        if isinstance(following, tuple):
            return following
        return 200, answer_for(self.asked(body)) if following is None else following

    @staticmethod
    def asked(body):
        return next(line for line in body["messages"][0]["content"].splitlines() if "ONE class" in line).split(": ")[1]

    @property
    def labels(self):
        return [self.asked(body) for body in self.requests]


def reply(content):
    message = {"role": "assistant", "content": content}
    choices = [{"index": 0, "finish_reason": "stop", "message": message}]
    return json.dumps({"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": choices}).encode()


@pytest.fixture
def endpoint(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(filling, "RETRIES", 0)
    stand_in = StandIn()
    thread = threading.Thread(target=stand_in.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield stand_in
    stand_in.server.shutdown()
    stand_in.server.server_close()
    thread.join()


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "texts.csv"
    path.write_text("# mine\nlabel,note,motion\nbow,a,\nnod,b,the head goes down\nkick,c,\n")
    return path


@pytest.mark.parametrize("suffix", ["csv", "tsv", "json", "yaml"])
def test_a_template_is_filled(endpoint, tmp_path, suffix):
    path, told = tmp_path / f"texts.{suffix}", []
    write_template(["bow", "nod"], path)
    guidance = path.read_text()[:200]
    assert fill_texts(path, endpoint.url, "llama", None, lambda *step: told.append(step)) == 4
    assert list(read_class_texts(path)) == [
        ClassText("bow", "to bow", "the body shows bow"),
        ClassText("nod", "to nod", "the body shows nod"),
    ]
    assert path.read_text().startswith(guidance)
    assert told == [("class texts", done, 2) for done in range(3)]
    assert fill_texts(path, endpoint.url, "llama", None) == 0
    assert len(endpoint.requests) == 2


def test_texts_that_stand_there_stay(endpoint, table):
    assert fill_texts(table, endpoint.url, "llama", None) == 5
    assert table.read_text() == (
        "# mine\nlabel,note,motion,action\n"
        "bow,a,the body shows bow,to bow\nnod,b,the head goes down,to nod\nkick,c,the body shows kick,to kick\n"
    )


def test_the_request_names_the_classes_and_what_is_there(endpoint, table):
    fill_texts(table, endpoint.url, "llama", SECRET)
    first, second, _ = endpoint.requests
    assert (first["model"], first["temperature"]) == ("llama", 0)
    assert "- bow\n- nod\n- kick\n" in first["messages"][0]["content"]
    assert "$" not in first["messages"][0]["content"]
    assert "Its motion text stands already; write one that goes with it: the head" in second["messages"][0]["content"]


def test_only_the_key_that_was_given_is_sent(endpoint, table, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "of another endpoint")
    monkeypatch.setenv("OPENAI_ORG_ID", "of another endpoint")
    endpoint.answers = [None, (500, b"")]
    with pytest.raises(EndpointError):
        fill_texts(table, endpoint.url, "llama", None)
    fill_texts(table, endpoint.url, "llama", SECRET)
    assert "of another endpoint" not in str(endpoint.headers)
    assert endpoint.headers[-1]["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in table.read_text()


def test_a_failure_loses_nothing_and_a_second_call_goes_on(endpoint, table):
    endpoint.answers = [None, (500, b"{}")]
    with pytest.raises(EndpointError, match=r"fails with status 500: its log may say why\. What is written"):
        fill_texts(table, endpoint.url, "llama", None)
    assert read_class_texts(table)[0] == ClassText("bow", "to bow", "the body shows bow")
    assert fill_texts(table, endpoint.url, "llama", None) == 3
    assert endpoint.labels == ["bow", "nod", "nod", "kick"]


@pytest.mark.parametrize(
    "wrapping",
    ["```json\n{}\n```", "Here it is:\n{}\nAnything else?", "<think>Is it {{a}}?</think>\n\n{}", "\n {} \n"],
)
def test_an_answer_may_be_wrapped(endpoint, table, wrapping):
    endpoint.answers = [wrapping.replace("{}", answer_for("greet"))]
    assert fill_texts(table, endpoint.url, "llama", None) == 5
    assert read_class_texts(table)[0] == ClassText("bow", "to greet", "the body shows greet")


MALFORMED = {
    "sorry": ("I cannot do that.", "its answer is no JSON object"),
    "nothing": ("", "its answer is empty"),
    "null": (reply(None), "its answer is empty"),
    "no choices": (b'{"choices": []}', "its answer is empty"),
    "another protocol": (b'["hello"]', "its answer is empty"),
    "not even JSON": (b"<html>", "its answer is empty"),
    "cut off": ('{"action": "to bo', "its answer is no JSON object"),
    "nested": ('{"a":' * 5000, "its answer is no JSON object"),
    "one key": ('{"action": "to bow"}', "its answer has no text under the key 'motion'"),
    "a list": ('{"action": ["to bow"], "motion": "x"}', "its answer has no text under the key 'action'"),
    "blank": ('{"action": "to bow", "motion": " \\n"}', "its answer has no text under the key 'motion'"),
    "a novel": (json.dumps({"action": "to bow", "motion": "and " * 101}), "its motion text is longer than 100 words"),
    "one long word": (json.dumps({"action": "o" * 2000, "motion": "x"}), "its action text is longer than 100 words"),
    "a bell": ('{"action": "to \\u0007 bow", "motion": "x"}', "its action text holds control characters"),
    "half a pair": ('{"action": "to \\ud83d bow", "motion": "x"}', "its action text holds control characters"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_answer_is_sent_back_once(endpoint, table, case):
    answer, complaint = MALFORMED[case]
    answer = (200, answer)
    before = table.read_text()
    endpoint.answers = [answer, answer]
    with pytest.raises(
        EndpointError, match=f"llama should answer .* for the class 'bow', but {complaint}, twice: write"
    ):
        fill_texts(table, endpoint.url, "llama", None)
    assert table.read_text() == before
    assert endpoint.labels == ["bow", "bow"]
    assert f"This cannot be used: {complaint}." in endpoint.requests[1]["messages"][2]["content"]
    endpoint.answers = [answer]
    assert fill_texts(table, endpoint.url, "llama", None) == 5


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, r"/v1 wants a valid key and refuses the one it got, or got none \(status 401\): put it into"),
        (403, "wants a valid key"),
        (404, r"/v1 knows no model named 'llama', or is no OpenAI-compatible endpoint \(status 404\): check --model"),
        (429, r"takes no more requests for now \(status 429\)"),
        (400, "fails with status 400"),
    ],
)
def test_a_refusal_is_a_sentence_without_the_key(endpoint, table, status, message):
    endpoint.answers = [(status, json.dumps({"error": {"message": f"not with {SECRET}"}}).encode())]
    with pytest.raises(EndpointError, match=message) as caught:
        fill_texts(table, endpoint.url, "llama", SECRET)
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__
    assert isinstance(caught.value, GzssarError)


def test_an_endpoint_that_is_not_there(endpoint, table):
    endpoint.server.shutdown()
    endpoint.server.server_close()
    url = endpoint.url.replace("http://", f"http://me:{SECRET}@")
    with pytest.raises(
        EndpointError, match=r"http://127\.0\.0\.1:\d+/v1 should be an .* but it cannot be reached"
    ) as caught:
        fill_texts(table, url, "llama", None)
    assert SECRET not in str(caught.value)


def test_an_endpoint_that_takes_too_long(endpoint, table, monkeypatch):
    monkeypatch.setattr(filling, "TIMEOUT_S", 0.2)
    over = threading.Event()
    endpoint.answers = [lambda: over.wait(10) and (200, b"")]
    with pytest.raises(EndpointError, match=r"/v1 should answer within 0\.2 seconds, but it did not"):
        fill_texts(table, endpoint.url, "llama", None)
    over.set()


def test_what_the_owner_edits_meanwhile_stays(endpoint, table):
    def edit():
        table.write_text(table.read_text().replace("bow,a,", "bow,a,the torso bends"))

    endpoint.answers = [edit]
    assert fill_texts(table, endpoint.url, "llama", None) == 4
    assert read_class_texts(table)[0] == ClassText("bow", "to bow", "the torso bends")


def test_other_classes_meanwhile_are_noticed(endpoint, table):
    endpoint.answers = [lambda: table.write_text("label\nwave\n") and None]
    with pytest.raises(TextError, match="got other classes while its texts were written"):
        fill_texts(table, endpoint.url, "llama", None)
    assert table.read_text() == "label\nwave\n"


@pytest.mark.parametrize(
    ("url", "key", "message"),
    [
        ("localhost:11434", None, "--url should be a base URL such as http://localhost:11434/v1, but it is 'localhost"),
        ("file:///etc/passwd", None, "--url should be"),
        ("http://", None, "--url should be"),
        ("http://[", None, "--url should be"),
        ("http://a b/", None, "--url should be"),
        ("http://127.0.0.1:1", "two words", "key should be one word of plain letters"),
        ("http://127.0.0.1:1", "line\nbreak", "key should be one word of plain letters"),
        ("http://127.0.0.1:1", "ключ", "key should be one word of plain letters"),
    ],
)
def test_what_cannot_be_asked_is_refused(table, url, key, message):
    with pytest.raises(ConfigError, match=message) as caught:
        fill_texts(table, url, "llama", key)
    assert key is None or key not in str(caught.value)


def test_packaged_tables_and_tables_without_labels_are_refused(tmp_path):
    packaged = Path(filling.__file__).parents[1] / "data" / "synthetic.csv"
    for path in (packaged, Path("synthetic")):
        with pytest.raises(ConfigError, match="comes with the package and is not filled: copy it"):
            fill_texts(path, "http://127.0.0.1:1", "llama", None)
    (tmp_path / "a.csv").write_text("label,action\nbow,\n,greet\n")
    with pytest.raises(TextError, match="should name its classes in a column label, but 1 have none"):
        fill_texts(tmp_path / "a.csv", "http://127.0.0.1:1", "llama", None)


def test_without_the_extra_a_sentence_names_it(table, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "openai", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'gzssar\[llm\]'"):
        fill_texts(table, "http://127.0.0.1:1", "llama", None)
