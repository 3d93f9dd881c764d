"""Whether newer lines wait: of a camera they do, of a file they do not count."""

import time
from queue import Queue

import pytest

from gzssar.inference.reading_ahead import ReadAhead

FPS = 30.0


class Source:
    """Lines that come when they are sent, and a clock that stands until it is set."""

    def __init__(self):
        self.sent, self.now = Queue(), 1000.0
        self.ahead = ReadAhead(iter(self.sent.get, "end"), FPS, clock=lambda: self.now)
        self.lines = iter(self.ahead)

    def send(self, *lines):
        for line in lines:
            self.sent.put(line)

    def take(self, count=1):
        return [next(self.lines) for _ in range(count)]

    def is_behind(self, expected):
        """Whether it comes to be so, as soon as the other thread has had its turn."""
        deadline = time.monotonic() + (10 if expected else 0.05)
        while self.ahead.behind() is not expected and time.monotonic() < deadline:
            time.sleep(0.001)
        return self.ahead.behind()


@pytest.fixture
def source():
    source = Source()
    yield source
    source.send("end")


def test_lines_come_in_order(source):
    source.send(*"abc", "end")
    assert list(source.lines) == [*"abc"]


def test_newer_lines_of_a_camera_wait(source):
    source.send("a")
    source.take()
    source.now += 2
    assert source.is_behind(False) is False
    source.send("b", "c")
    assert source.is_behind(True) is True
    source.take(2)
    assert source.is_behind(False) is False


def test_in_the_first_second_nobody_knows(source):
    source.send(*"ab")
    source.take()
    source.now += 0.9
    assert source.is_behind(False) is False
    source.now += 0.2
    assert source.is_behind(True) is True


def test_what_gathered_before_the_first_line_was_asked_for_makes_no_file(source):
    source.send(*["line"] * 140)  # nearly 5 s
    source.take()
    source.now += 2
    assert source.is_behind(True) is True


def test_a_file_is_never_behind(source):
    source.send(*["line"] * 160)
    source.take(160)
    source.now += 1e6  # slow answers make no camera of it
    source.send(*["line"] * 10)
    assert source.is_behind(False) is False


def test_a_short_file_is_never_behind(source):
    source.send("a", "b", "end")
    source.take()
    assert source.is_behind(False) is False
    deadline = time.monotonic() + 10
    source.now += 2
    while source.ahead.behind() and time.monotonic() < deadline:  # until the other thread has found its end
        time.sleep(0.001)
    assert source.ahead.behind() is False


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("gone")])
def test_what_goes_wrong_is_raised_where_the_lines_are_taken(error):
    def lines():
        yield "a"
        raise error

    taken = iter(ReadAhead(lines(), FPS))
    assert next(taken) == "a"
    with pytest.raises(type(error)):
        next(taken)


def test_no_more_is_read_than_can_be_held():
    read = []

    def endless():
        while True:
            read.append(None)
            yield "line"

    next(iter(ReadAhead(endless(), FPS)))
    time.sleep(0.2)
    assert len(read) < 1100
