"""A Hugging Face hub on loopback with one repository: what huggingface_hub asks of it, to download and to upload."""

import base64
import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import pytest

NAME = "someone/actions"


class FakeHub:
    """Repository `NAME`, of which each commit is a mapping from names of files to their contents."""

    def __init__(self):
        self.commits, self.branches, self.private, self.messages = {}, {}, None, []
        self.asked, self.tokens, self.refusal = [], set(), None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.answer(self)

            do_HEAD = do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True  # the client keeps its connections
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"

    def commit(self, files, branch="main"):
        """Put files on a branch; the commit that comes of it."""
        sha = hashlib.sha1(f"{len(self.commits)}".encode()).hexdigest()
        self.commits[sha], self.branches[branch] = dict(files), sha
        return sha

    def files(self, branch="main"):
        return self.commits[self.branches[branch]]

    def fetched(self):
        """The files that were asked for."""
        return {path.rpartition("/")[2] for method, path in self.asked if method == "GET" and "/resolve/" in path}

    def answer(self, request):
        path = unquote(urlsplit(request.path).path)
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        if NAME in path or path == "/api/repos/create":  # the rest is of no repository
            self.asked.append((request.command, path))
            self.tokens.add(request.headers.get("Authorization"))
        if self.refusal:
            return _send(request, self.refusal[0], {}, {"X-Error-Code": self.refusal[1]})
        if request.command == "POST":
            return self._post(request, path, body)
        if path.startswith("/api/models/"):
            return self._told(request, path.removeprefix("/api/models/"))
        name, _, rest = path.removeprefix("/").partition("/resolve/")
        revision, _, file = rest.partition("/")
        sha = self.branches.get(revision, revision)
        content = self.commits.get(sha, {}).get(file) if name == NAME else None
        if content is None:
            return _send(request, 404, {}, {"X-Error-Code": "EntryNotFound"})
        return _send(request, 200, content, {"ETag": f'"{_git_hash(content)}"', "X-Repo-Commit": sha})

    def _told(self, request, path):
        if path != NAME and not path.startswith(f"{NAME}/"):
            return _send(request, 404, {}, {"X-Error-Code": "RepoNotFound"})
        kind, _, revision = path.removeprefix(NAME).removeprefix("/").partition("/")
        sha = self.branches.get(revision or "main", revision)
        if sha not in self.commits and revision:
            return _send(request, 404, {}, {"X-Error-Code": "RevisionNotFound"})
        files = self.commits.get(sha, {})
        if kind == "tree":
            listed = [
                {"type": "file", "path": name, "size": len(content), "oid": _git_hash(content)}
                for name, content in files.items()
            ]
            return _send(request, 200, listed)
        about = {"id": NAME, "sha": sha or None, "private": bool(self.private), "tags": [], "downloads": 0, "likes": 0}
        return _send(request, 200, {**about, "siblings": [{"rfilename": name} for name in files]})

    def _post(self, request, path, body):
        if path == "/api/repos/create":
            if self.private is not None:
                return _send(request, 409, {"url": f"{self.address}/{NAME}"})
            wanted = json.loads(body)
            self.private = wanted.get("visibility") == "private" or wanted.get("private", False)
            self.commit({".gitattributes": b""})
            return _send(request, 200, {"url": f"{self.address}/{NAME}", "name": NAME})
        if path == "/api/validate-yaml":
            return _send(request, 200, {"errors": [], "warnings": []})
        if "/branch/" in path:
            self.branches.setdefault(path.rpartition("/")[2], self.branches["main"])
            return _send(request, 200, {})
        branch = path.rpartition("/")[2]
        if "/preupload/" in path:
            told = [
                {"path": one["path"], "uploadMode": "regular", "shouldIgnore": False, "oid": None}
                for one in json.loads(body)["files"]
            ]
            return _send(request, 200, {"files": told})
        files = dict(self.files(branch))
        for line in map(json.loads, body.splitlines()):
            match line["key"]:
                case "header":
                    self.messages.append(line["value"]["summary"])
                case "file":
                    files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
                case "deletedFile":
                    del files[line["value"]["path"]]
        sha = self.commit(files, branch)
        url = f"{self.address}/{NAME}/commit/{sha}"
        return _send(request, 200, {"success": True, "commitUrl": url, "commitOid": sha})


def _git_hash(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _send(request, status, answer, headers=None):
    content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    request.send_response(status)
    for name, value in (headers or {}).items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(content)


@contextmanager
def hub(cache):
    """A hub while the block runs, which huggingface_hub asks in place of the real one; `cache` takes what comes."""
    from huggingface_hub import close_session, constants

    served = FakeHub()
    thread = threading.Thread(target=served.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            template = served.address + "/{repo_id}/resolve/{revision}/{filename}"
            patch.setattr(constants, "ENDPOINT", served.address)
            patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
            patch.setattr(constants, "HF_HUB_OFFLINE", False)
            patch.setattr(constants, "HF_HUB_CACHE", str(cache))
            patch.setattr(constants, "HF_TOKEN_PATH", str(cache / "no token"))
            patch.delenv("HF_TOKEN", raising=False)
            patch.setenv("NO_PROXY", "127.0.0.1")
            close_session()  # which may know a proxy
            yield served
    finally:
        close_session()
        served.server.shutdown()
        thread.join()
        served.server.server_close()
