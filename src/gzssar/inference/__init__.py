"""Answers for files, folders, streams and long recordings.

Programs can use :func:`slide` and :func:`find_segments` for long recordings, :func:`answer_frames` for joints that come
frame by frame, and :func:`answer_pictures` for the pictures of a camera.
"""

from gzssar.inference.camera import answer_pictures, camera_pictures
from gzssar.inference.live import LiveAnswer, LiveAnswerDict, answer_frames
from gzssar.inference.segments import Segment, SegmentDict, Stretch, clock, find_segments, slide
from gzssar.skeletons.poses import Picture, Pose, Sighting, packaged_poses, pose_finder

__all__ = [
    "LiveAnswer",
    "LiveAnswerDict",
    "Picture",
    "Pose",
    "Segment",
    "SegmentDict",
    "Sighting",
    "Stretch",
    "answer_frames",
    "answer_pictures",
    "camera_pictures",
    "clock",
    "find_segments",
    "packaged_poses",
    "pose_finder",
    "slide",
]
