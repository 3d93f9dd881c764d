"""Videos that visitors upload: who is in them comes back as a clip, within bounds."""

import json

import numpy as np
import pytest
from web_camera import RIGHT_WRIST, bright_hand, video_bytes
from web_server import client, npz_bytes

from gzssar.errors import DataError
from gzssar.skeletons.readers import ReadOptions
from gzssar.web.limits import Limits
from gzssar.web.uploads import read_file

WAVING = [0.3, 0.5, 0.7, 0.9, 0.7, 0.5, 0.3, 0.5, 0.7, 0.9]


def test_a_video_becomes_a_clip_that_other_routes_take(tmp_path):
    page = client(find_poses=bright_hand)
    assert page.get("/api/model").json()["videos"] is True
    video = {"clip": ("dance.avi", video_bytes(tmp_path, [0.0, *WAVING]))}
    found = page.post("/api/video", files=video).json()
    assert (found["name"], found["times"], found["joints"][0]) == ("dance.avi", [n / 10 for n in range(11)], [])
    heights = [-frame[RIGHT_WRIST][1] for frame in found["joints"][1:]]
    assert heights == pytest.approx(WAVING, abs=0.02)  # MediaPipe's axes: y down
    names = ("x", "y", "z", "visibility")
    frames = [
        {"time_s": time, "worldLandmarks": [dict(zip(names, joint, strict=True)) for joint in joints]}
        for time, joints in zip(found["times"], found["joints"], strict=True)
    ]
    as_file = {"clip": ("dance.avi.json", json.dumps({"frames": frames}).encode())}
    shown, by_video = (page.post("/api/clip", files=file).json() for file in (as_file, video))
    assert (shown["layout"], shown["frame_count"]) == ("mediapipe33", 11)
    assert shown["fps"] == pytest.approx(10)
    for one, other in zip(shown["motion"][1:], by_video["motion"][1:], strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3)
    assert page.post("/api/predict", files=video).status_code == 200


def test_what_is_no_video():
    refused = client(find_poses=bright_hand).post("/api/video", files={"clip": ("a.npz", npz_bytes())})
    assert "should be a video, but it holds a clip of layout 'ntu25'" in refused.json()["error"]
    assert client().get("/api/model").json()["videos"] is False
    refused = client().post("/api/video", files={"clip": ("a.avi", b"RIFF\0\0\0\0AVI LIST" + bytes(90))})
    assert "takes videos only from this machine" in refused.json()["error"]
    refused = client(find_poses=bright_hand).post("/api/video", files={"clip": ("a.avi", b"RIFF\0\0\0\0AVI LIST")})
    assert "a.avi should be a video, but it cannot be read" in refused.json()["error"]


def test_nobody_in_the_video(tmp_path):
    video = {"clip": ("dark.avi", video_bytes(tmp_path, [0.0] * 5))}
    refused = client(find_poses=bright_hand).post("/api/video", files=video)
    assert "dark.avi should show one person" in refused.json()["error"]


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (Limits(max_video_s=0.5), "dance.avi should last at most 0.5 s"),
        (Limits(max_video_side=60), "dance.avi should have at most 60 pixels across and down, but it has 64 × 48"),
    ],
)
def test_bounds(tmp_path, limits, told):
    path = tmp_path / "upload-1"
    path.write_bytes(video_bytes(tmp_path, WAVING))
    with pytest.raises(DataError, match=told):
        read_file(path, "dance.avi", ReadOptions(), None, limits, bright_hand)
