"""A disk without much room."""

from contextlib import contextmanager

import pytest


@contextmanager
def room_for(size):
    """No file may grow beyond so many bytes: the operating system refuses, as it does where a disk is full."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
