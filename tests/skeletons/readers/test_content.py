import gzip
import pickle

import numpy as np
import pytest
from reader_files import npy_bytes, npz_bytes, zip_bytes

from gzssar.skeletons.readers.content import looks_like
from gzssar.skeletons.readers.reader import START

ADVICE = "save the one that holds clips with numpy.save and read that with its --layout"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "an empty file"),
        (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        (b"\xff\xd8\xff\xe0JFIF", "a JPEG picture"),
        (b"%PDF-1.7", "a PDF document"),
        (gzip.compress(b"text", mtime=0), "a file packed with gzip: unpack it"),
        (b"\x89HDF\r\n", "an HDF5 or MATLAB 7.3 file: save it as an array in numpy's format"),
        (pickle.dumps([1, 2]), "a pickle"),
        (b' {"a": 1}', """JSON text: '{"a": 1}'"""),
        (
            b"Dear all,\r\nthese are the clips of Monday, recorded at noon",
            "text: 'Dear all, these are the clips of Monday,'…",
        ),
        ("\ufeffgr\u00fc\u00dfe".encode(), "text: 'gr\u00fc\u00dfe'"),
        (bytes(range(256)), "binary data of an unknown kind"),
        (b"\xff\xfe" * 100, "binary data of an unknown kind"),
        ("HIERARCHY\nROOT".encode("utf-16"), "text in UTF-16: save it as UTF-8"),
        (b"a.skeleton".ljust(257, b"\0") + b"ustar\x0000", "a tar archive: unpack it"),
        (
            b"<!DOCTYPE html>\n<html><title>404</title>",
            "a page of the web, as a failed download leaves it: fetch the file again",
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a",
            "a pointer of Git LFS in the place of the file: fetch it with git lfs pull",
        ),
        (b"Trajectories\n100\n", "a table of Vicon Nexus: export it as C3D"),
        (b"NO_OF_FRAMES\t67\n", "a table of Qualisys: export it as C3D"),
        (
            b"scorer,DLC_resnet50,DLC_resnet50\nbodyparts,nose,nose\n",
            "a table of DeepLabCut: name its columns in one row (nose_x, nose_y, nose_likelihood, …)",
        ),
        (zip_bytes({"a.txt": b"text"}), "a zip archive: unpack it"),
        (zip_bytes({"a.txt": b"text"})[:-9], "a zip archive that is damaged or not plain"),
        (zip_bytes({"a.npy": npy_bytes(np.zeros(3))[:-9]}), "a zip archive that is damaged or not plain"),
        (
            npz_bytes({"data": np.zeros((2, 3, 9, 25, 1)), "label": np.zeros(2)}),
            f"an archive of numpy arrays, data (2, 3, 9, 25, 1), label (2,): {ADVICE}",
        ),
        (
            npz_bytes({name: np.zeros(1) for name in "abcdefg"}),
            f"an archive of numpy arrays, a (1,), b (1,), c (1,), d (1,), e (1,) and 2 more: {ADVICE}",
        ),
    ],
)
def test_what_a_file_looks_like(tmp_path, data, words):
    (tmp_path / "file").write_bytes(data)
    assert looks_like(tmp_path / "file", data[:START]) == words
