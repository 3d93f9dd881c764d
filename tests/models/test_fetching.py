"""From an address or a folder into the cache: whole files of the known hash, or a sentence."""

import os
import socket
import stat
from pathlib import Path

import pytest

from full_disk import room_for
from gzssar.errors import ConfigError, DataError, OutputError
from gzssar.models import cached, fetch, lacking
from models_world import model_of, serving

CONTENTS = {"joint.pt": b"joint" * 40_000, "bone.pt": b"bones" * 30_000}


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    """Loopback is asked without a proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server():
    with serving(CONTENTS) as served:
        yield served


@pytest.fixture
def toy(server):
    return model_of(CONTENTS, server.address)


def held(cache: Path) -> dict[str, bytes]:
    """All that lies in a cache, hidden files too, by name."""
    return {path.name: path.read_bytes() for path in cache.rglob("*") if path.is_file()}


# from an address


def test_files_come_whole_and_once(toy, server, tmp_path):
    paths = fetch(toy, tmp_path)
    assert paths == (tmp_path / "models/toy/joint.pt", tmp_path / "models/toy/bone.pt")
    assert held(tmp_path) == CONTENTS
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o644}
    assert fetch(toy, tmp_path) == paths
    assert server.asked == ["joint.pt", "bone.pt"]


def test_the_cache_is_the_packages_own(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("GZSSAR_CACHE", str(tmp_path))
    assert lacking(toy) == toy.files
    fetch(toy)
    assert lacking(toy) == ()
    assert cached(toy, "bone") == ((tmp_path / "models/toy/bone.pt", "bone"),)


def test_progress_counts_the_bytes_that_are_wanted(toy, tmp_path):
    told = []
    (tmp_path / "models/toy").mkdir(parents=True)
    (tmp_path / "models/toy/joint.pt").write_bytes(CONTENTS["joint.pt"])
    fetch(toy, tmp_path, progress=lambda *what: told.append(what))
    assert told[0] == ("fetching toy", 2**16, 150_000)
    assert told[-1] == ("fetching toy", 150_000, 150_000)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


def test_half_a_download_leaves_the_whole_files_and_the_next_call_the_rest(toy, server, tmp_path):
    server.broken = {"bone.pt"}
    with pytest.raises(DataError, match=r"bone\.pt cannot be downloaded .*--from FOLDER"):
        fetch(toy, tmp_path)
    assert held(tmp_path) == {"joint.pt": CONTENTS["joint.pt"]}
    server.broken = set()
    fetch(toy, tmp_path)
    assert held(tmp_path) == CONTENTS
    assert server.asked == ["joint.pt", "bone.pt", "bone.pt"]


@pytest.mark.parametrize("content", [b"", b"joint", b"joins" * 40_000, b"joint" * 1_000_000])
def test_another_content_is_not_kept(toy, server, tmp_path, content):
    server.contents["joint.pt"], told = content, []
    with pytest.raises(DataError, match=r"joint\.pt should have the SHA-256 [0-9a-f]{64}, .* and was discarded"):
        fetch(toy, tmp_path, progress=lambda _, done, total: told.append(done <= total))
    assert held(tmp_path) == {}
    assert all(told)


@pytest.mark.parametrize("damage", [b"", b"joint", b"joins" * 40_000], ids=["empty", "half", "altered"])
def test_a_damaged_file_in_the_cache_is_fetched_anew(toy, tmp_path, damage):
    path = fetch(toy, tmp_path)[0]
    path.write_bytes(damage)
    assert lacking(toy, tmp_path) == toy.files[:1]
    fetch(toy, tmp_path)
    assert held(tmp_path) == CONTENTS


@pytest.mark.parametrize("status", [404, 503])
def test_a_refusal_is_told_and_closes_the_connection(toy, server, tmp_path, status):
    server.status = status
    with pytest.raises(DataError, match=rf"joint\.pt cannot be downloaded \(the server answers {status}\)") as caught:
        fetch(toy, tmp_path)
    assert held(tmp_path) == {}
    assert caught.value.__cause__.response.raw.closed  # so that no connection waits for the garbage collector


def test_without_a_network_a_folder_is_advised(tmp_path):
    with serving(CONTENTS) as served:
        toy = model_of(CONTENTS, served.address)
    with pytest.raises(DataError, match=r"\(ConnectionError\): .* gzssar models get toy --from FOLDER\.$"):
        fetch(toy, tmp_path)
    assert held(tmp_path) == {}


def test_a_server_that_sends_nothing_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("gzssar.models.fetching._TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        toy = model_of(CONTENTS, f"http://127.0.0.1:{silent.getsockname()[1]}/")
        with pytest.raises(DataError, match=r"joint\.pt cannot be downloaded \(ReadTimeout\): try again"):
            fetch(toy, tmp_path)
    assert held(tmp_path) == {}


# the cache's folder


@pytest.mark.parametrize("offline", [False, True])
def test_a_full_disk_leaves_no_part_of_a_file(toy, tmp_path, offline):
    source = folder_with(tmp_path / "given", CONTENTS)
    with (
        room_for(160_000),
        pytest.raises(OutputError, match=r"cache/models/toy.* cannot be written \(File too large\)"),
    ):
        fetch(toy, tmp_path / "cache", source if offline else None)
    assert held(tmp_path / "cache") == {}


def test_a_file_in_the_way_of_the_cache(toy, server, tmp_path):
    (tmp_path / "cache").touch()
    with pytest.raises(OutputError, match="cache is a file"):
        fetch(toy, tmp_path / "cache")
    assert server.asked == []


def test_a_read_only_cache_serves_what_it_holds(toy, server, tmp_path, monkeypatch):
    fetch(toy, tmp_path)
    monkeypatch.setattr(os, "access", lambda *_: False)
    fetch(toy, tmp_path)
    (tmp_path / "models/toy/bone.pt").unlink()
    with pytest.raises(OutputError, match="toy is read-only"):
        fetch(toy, tmp_path)
    assert server.asked == ["joint.pt", "bone.pt"]


def test_a_folder_under_a_files_name(toy, tmp_path):
    (tmp_path / "models/toy/joint.pt").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"joint\.pt cannot be written"):
        fetch(toy, tmp_path)


def test_without_a_home_a_cache_must_be_named(toy, monkeypatch):
    for name in ("GZSSAR_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError))
    with pytest.raises(ConfigError, match="name a folder in the variable GZSSAR_CACHE"):
        fetch(toy)


# from a folder


def folder_with(folder: Path, contents: dict[str, bytes]) -> Path:
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("names", [("joint.pt", "bone.pt"), ("a/joint.pt", "b/c/bone.pt"), ("x/1.bin", "x/2.bin")])
def test_a_folder_gives_the_files_wherever_they_lie(toy, server, tmp_path, names):
    source = folder_with(tmp_path / "given", dict(zip(names, CONTENTS.values(), strict=True)))
    folder_with(source, {"old/joint.pt": b"another one"})
    fetch(toy, tmp_path / "cache", source)
    assert held(tmp_path / "cache") == CONTENTS
    assert server.asked == []


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (
            {"joint.pt": CONTENTS["joint.pt"]},
            r"should hold bone\.pt of toy, but no file there is this one: fetch it from",
        ),
        ({"joint.pt": CONTENTS["joint.pt"], "bone.pt": b"x"}, r"given/bone\.pt has another SHA-256 than"),
    ],
    ids=["absent", "altered"],
)
def test_a_folder_without_the_file(toy, tmp_path, contents, message):
    with pytest.raises(DataError, match=message):
        fetch(toy, tmp_path / "cache", folder_with(tmp_path / "given", contents))
    assert held(tmp_path / "cache") == {"joint.pt": CONTENTS["joint.pt"]}


def test_no_folder_at_all(toy, tmp_path):
    with pytest.raises(DataError, match="nowhere should be a folder that holds the files of toy"):
        fetch(toy, tmp_path, tmp_path / "nowhere")


# in the cache


def test_what_is_not_in_the_cache_is_asked_for(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("GZSSAR_CACHE", str(tmp_path))
    with pytest.raises(ConfigError, match=r"toy should be in .*/models/toy, .* with gzssar models get toy\.$"):
        cached(toy)
    fetch(toy)[0].unlink()
    assert cached(toy, "bone")[0][0].read_bytes() == CONTENTS["bone.pt"]
    with pytest.raises(ConfigError, match="some of its files are missing"):
        cached(toy)
    with pytest.raises(ConfigError, match="has the streams joint, bone, but not 'bone motion'"):
        cached(toy, "bone motion")
