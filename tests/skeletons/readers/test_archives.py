import struct
import tracemalloc
import warnings
import zipfile
import zlib
from typing import ClassVar

import pytest
from reader_files import zip_bytes

from gzssar.errors import DataError
from gzssar.skeletons.readers import archives
from gzssar.skeletons.readers.archives import list_entries, read_entry

MEGABYTE = 2**20


def write(path, data):
    path.write_bytes(data)
    return path


class Counted:
    """A decompressor that tells what it is given."""

    blocks: ClassVar[list[int]] = []
    make = zlib.decompressobj

    def __init__(self, wbits):
        self.inner = Counted.make(wbits)

    def decompress(self, block, most):
        self.blocks.append(len(block))
        return self.inner.decompress(block, most)

    @property
    def eof(self):
        return self.inner.eof


@pytest.fixture
def archive(tmp_path):
    """A path to write an archive to."""
    return tmp_path / "clips.zip"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_entries_are_read_in_their_order(archive, method):
    write(archive, zip_bytes({"b/": b"", "b/two": b"22" * 99, "one": b"1", "none": b""}, method))
    entries = list_entries(archive, MEGABYTE)
    assert [entry.filename for entry in entries] == ["b/two", "one", "none"]
    assert [read_entry(archive, entry) for entry in entries] == [b"22" * 99, b"1", b""]


@pytest.mark.parametrize("name", ["../up", "a/../../up", "/etc/up", "C:/up", "a\\..\\..\\up", "\\up"])
def test_a_path_that_climbs_out_is_refused_by_name(archive, name):
    write(archive, zip_bytes({"fine": b"1", name: b"1"}))
    with pytest.raises(DataError, match=r"clips\.zip: entry '.*up' leads out of its folder"):
        list_entries(archive, MEGABYTE)


def test_a_name_that_stands_twice_is_refused(archive):
    with warnings.catch_warnings(), zipfile.ZipFile(archive, "w") as file:
        warnings.simplefilter("ignore")  # zipfile notices, too
        for data in (b"1", b"2"):
            file.writestr("joints.npy", data)
    with pytest.raises(
        DataError, match=r"clips\.zip: entry 'joints\.npy' should be in the archive once, but it is there twice"
    ):
        list_entries(archive, MEGABYTE)


def test_dots_within_a_name_are_fine(archive):
    write(archive, zip_bytes({"a/..b/c..": b"1"}))
    assert len(list_entries(archive, MEGABYTE)) == 1


def test_an_entry_that_declares_too_much_is_refused(archive):
    write(archive, zip_bytes({"large": bytes(range(256)) * 8}, zipfile.ZIP_STORED))
    assert list_entries(archive, 2048)
    with pytest.raises(
        DataError, match="entry 'large' should have at most 2047 bytes, packed or not, but it declares 2048"
    ):
        list_entries(archive, 2047)


def test_a_bomb_is_refused(archive):
    write(archive, zip_bytes({"bomb": bytes(65 * MEGABYTE)}))
    with pytest.raises(DataError, match=r"entry 'bomb' unpacks \d+ bytes to 68157440: do not trust this archive"):
        list_entries(archive, 128 * MEGABYTE)


def test_a_large_entry_may_unpack_to_less_than_a_small_one(archive, monkeypatch):
    write(archive, zip_bytes({"zeros": bytes(MEGABYTE)[1:] + bytes(range(256)) * 12}))
    assert list_entries(archive, 64 * MEGABYTE)
    monkeypatch.setattr(archives, "_LARGE", MEGABYTE)
    with pytest.raises(DataError, match=r"entry 'zeros' unpacks \d+ bytes to 1051647: do not trust this archive"):
        list_entries(archive, 64 * MEGABYTE)


def test_an_entry_that_unpacks_to_more_than_it_declares_is_refused(archive):
    data = zip_bytes({"liar": b"12" * 500})
    write(archive, data.replace((1000).to_bytes(4, "little"), (900).to_bytes(4, "little")))
    (entry,) = list_entries(archive, MEGABYTE)
    assert entry.file_size == 900
    with pytest.raises(DataError, match="entry 'liar' is damaged"):
        read_entry(archive, entry)


def test_an_entry_that_lies_about_its_size_does_not_fill_the_memory(archive):
    data = zip_bytes({"liar": bytes(32 * MEGABYTE)})
    write(archive, data.replace((32 * MEGABYTE).to_bytes(4, "little"), (900).to_bytes(4, "little")))
    (entry,) = list_entries(archive, MEGABYTE)
    tracemalloc.start()
    with pytest.raises(DataError, match="entry 'liar' is damaged: its size"):
        read_entry(archive, entry)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MEGABYTE


def test_what_follows_the_end_of_an_entry_is_not_read(archive, monkeypatch):
    """A stream of 100 bytes, in an entry that claims 16 MiB behind it."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(b"x" * 100) + packer.flush() + bytes(16 * MEGABYTE)
    data = bytearray(zip_bytes({"entry": packed}, zipfile.ZIP_STORED))
    central = data.index(b"PK\1\2")
    for header in (0, central + 2):
        struct.pack_into("<H", data, header + 8, zipfile.ZIP_DEFLATED)
        struct.pack_into("<L", data, header + 14, zlib.crc32(b"x" * 100))
        struct.pack_into("<L", data, header + 22, 100)
    write(archive, bytes(data))
    (entry,) = list_entries(archive, 64 * MEGABYTE)
    monkeypatch.setattr(Counted, "blocks", [])
    monkeypatch.setattr(zlib, "decompressobj", Counted)
    assert read_entry(archive, entry) == b"x" * 100
    assert len(Counted.blocks) == 1


def test_an_entry_is_not_in_memory_twice(archive):
    write(archive, zip_bytes({"bytes": bytes(range(256)) * 64 * 1024}))
    (entry,) = list_entries(archive, 64 * MEGABYTE)
    tracemalloc.start()
    data = read_entry(archive, entry)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(data) == 16 * MEGABYTE
    assert peak < 1.6 * len(data)
    with pytest.raises(TypeError, match="read-only"):
        data[0] = 1


def test_too_many_entries_are_refused_before_they_are_listed(archive, monkeypatch):
    write(archive, zip_bytes({f"{number:04}": b"" for number in range(100)}))
    assert len(list_entries(archive, MEGABYTE)) == 100
    monkeypatch.setattr(archives, "_LONGEST_DIRECTORY", 46 * 100)
    with pytest.raises(DataError, match=r"at most a million entries, but its list has \d+ bytes"):
        list_entries(archive, MEGABYTE)


def test_unusual_methods_are_refused(archive):
    write(archive, zip_bytes({"packed": b"1"}, zipfile.ZIP_LZMA))
    with pytest.raises(DataError, match="entry 'packed' should be stored or deflated without a password"):
        list_entries(archive, MEGABYTE)


def test_damage_is_refused(archive):
    data = zip_bytes({"one": b"12" * 50}, zipfile.ZIP_STORED)
    with pytest.raises(DataError, match=r"clips\.zip should be a zip archive, but it is damaged"):
        list_entries(write(archive, data[:-9]), MEGABYTE)
    write(archive, data)
    (entry,) = list_entries(archive, MEGABYTE)
    for at in (0, 40):
        write(archive, data[:at] + b"\xee" + data[at + 1 :])
        with pytest.raises(DataError, match="entry 'one' is damaged"):
            read_entry(archive, entry)
    with pytest.raises(DataError, match="entry 'one' is damaged"):
        read_entry(write(archive, data[:45]), entry)
