"""What the tests of the camera share: people whom a made-up finder sees in pictures."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from gzssar.skeletons.poses import Pose, Sighting

RIGHT_WRIST = 16


def person(hand=0.0, at=0.5):
    """Somebody whose right wrist is so many metres above the hips, at a place of the picture."""
    joints = np.zeros((33, 3))
    joints[:11, 1], joints[[11, 12], 1], joints[[25, 26], 1], joints[27:, 1] = -0.7, -0.5, 0.4, 0.8
    joints[11::2, 0], joints[12::2, 0] = 0.2, -0.2
    joints[[15, 17, 19, 21], 1] = 0.1
    joints[[14, 16, 18, 20, 22], 1] = -hand
    return Pose(joints, np.ones(33), np.array([at, 0.5]) + 0.2 * joints[:, :2])


def bright_hand(pictures):
    """Sees one person, whose hand is the higher the brighter the picture is; nobody in a black one."""
    for picture in pictures:
        bright = float(picture.pixels.mean()) / 255
        yield Sighting(picture.time, (person(bright),) if bright > 0.05 else ())


def picture(bright, size=(64, 48), format="JPEG"):
    """A grey picture as a file."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (round(255 * bright),) * 3).save(buffer, format)
    return buffer.getvalue()


def video_bytes(folder, brightness, size=(64, 48), fps=10.0):
    """A video of such pictures, as MJPEG in AVI."""
    cv2 = pytest.importorskip("cv2", reason="OpenCV is missing: pip install 'gzssar[pose]'")
    path = folder / "written.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), fps, size)
    for bright in brightness:
        writer.write(np.full((size[1], size[0], 3), round(255 * bright), dtype=np.uint8))
    writer.release()
    return path.read_bytes()


def packet(time, file):
    return struct.pack("<d", time) + file
