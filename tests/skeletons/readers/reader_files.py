"""Small valid files of every format, for tests to read, to break and to mutate."""

import io
import json
import pickle
import struct
import zipfile
import zlib

import numpy as np

UTD_NAME = "a3_s5_t2_skeleton.mat"


def walk(frames, joints, dimensions=3):
    """T V C, where each number tells its place: 100 * frame + joint + coordinate / 10."""
    t, v, c = np.ogrid[:frames, :joints, :dimensions]
    return 100.0 * t + v + c / 10


def first(reader, path, options):
    """The first clip of a file."""
    return reader.open(path, options).entries[0].read()


def mat_bytes(array, name="d_skel", compressed=False, order="<"):
    """A MATLAB file with one array of doubles, written by the book."""

    def element(kind, data):
        return struct.pack(order + "II", kind, len(data)) + data + bytes(-len(data) % 8)

    content = element(6, struct.pack(order + "II", 6, 0))
    content += element(5, struct.pack(f"{order}{array.ndim}i", *array.shape))
    content += element(1, name.encode())
    content += element(9, array.astype(order + "f8").tobytes(order="F"))
    matrix = element(14, content)
    if compressed:
        packed = zlib.compress(matrix)
        matrix = struct.pack(order + "II", 15, len(packed)) + packed
    version = b"\x00\x01IM" if order == "<" else b"\x01\x00MI"
    return b"MATLAB 5.0 MAT-file".ljust(124) + version + matrix


def utd_bytes(frames=4, **options):
    """A UTD-MHAD file: d_skel (20, 3, T)."""
    return mat_bytes(walk(frames, 20).transpose(1, 2, 0), **options)


def zip_bytes(files, method=zipfile.ZIP_DEFLATED):
    """An archive of {name: bytes}."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def npy_bytes(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def uniform_arrays():
    """Three clips of 2, 3 and 1 frames in the order of Kinect v1; the last copies another."""
    sides = [f"{side}_{joint}" for side in ("left", "right") for joint in ("shoulder", "elbow", "wrist", "hand")]
    sides += [f"{side}_{joint}" for side in ("left", "right") for joint in ("hip", "knee", "ankle", "foot")]
    return {
        "joints": walk(6, 20).astype(np.float32),
        "offsets": np.array([0, 2, 5, 6]),
        "label": np.array([1, 0, 1]),
        "subject": np.array([4, 5, 6]),
        "view": np.array([1, 2, 3]),
        "is_dup": np.array([False, False, True]),
        "class_names": np.array(["walk", "wave"]),
        "joint_names": np.array(["hip_center", "spine", "shoulder_center", "head", *sides]),
        "fps": np.float32(15),
    }


def ctr_gcn_arrays():
    """Two clips to train, of one body in 4 frames and of two in 6, and one to test."""
    one, two = walk(6, 25) + 1, -1 - walk(6, 25)
    both = np.concatenate([one.reshape(6, 75), two.reshape(6, 75)], axis=1)
    single = both.copy()
    single[4:], single[:, 75:] = 0, 0
    return {
        "x_train": np.stack([single, both]).astype(np.float32),
        "y_train": np.eye(3)[[2, 0]],
        "x_test": both[None].astype(np.float32),
        "y_test": np.eye(3)[[1]],
    }


def npz_bytes(arrays, method=zipfile.ZIP_DEFLATED):
    return zip_bytes({f"{name}.npy": npy_bytes(array) for name, array in arrays.items()}, method)


def annotation(bodies=1, frames=3, joints=25, dimensions=3, **fields):
    """One annotation of PYSKL."""
    keypoint = np.stack([walk(frames, joints, dimensions)] * bodies).astype(np.float16)
    return {"frame_dir": "S002C003P004R001A005", "label": 4, "keypoint": keypoint, "total_frames": frames} | fields


def pyskl_bytes(*annotations, protocol=2):
    content = {"split": {"train": [item["frame_dir"] for item in annotations]}, "annotations": list(annotations)}
    return pickle.dumps(content, protocol=protocol)


def ucla_bytes(frames=2, **fields):
    """One clip of NW-UCLA."""
    content = {"file_name": "a08_s02_e01_v03", "skeletons": walk(frames, 20).tolist(), "label": 7}
    return json.dumps(content | fields).encode()


def scored(frames, joints, score=0.5):
    """T V 3: the places of :func:`walk` in a picture, and a score."""
    return np.concatenate([walk(frames, joints, 2) + 1, np.full((frames, joints, 1), score)], axis=2)


def openpose_bytes(*people):
    """One frame of OpenPose with people (V, 3), or with one of 25 joints."""
    found = [{"person_id": [-1], "pose_keypoints_2d": np.ravel(one).tolist()} for one in people or [scored(1, 25)]]
    return json.dumps({"version": 1.3, "people": found}).encode()


def alphapose_bytes(frames=2, **fields):
    """One person of AlphaPose."""
    items = [
        {"image_id": f"walk_{frame}.jpg", "category_id": 1, "keypoints": pose.ravel().tolist(), "score": 2.9, "idx": 1}
        for frame, pose in enumerate(scored(frames, 17))
    ]
    return json.dumps([item | fields for item in items]).encode()


def kinetics_bytes(frames=2, **fields):
    """One person of Kinetics-Skeleton."""
    data = [
        {"frame_index": frame, "skeleton": [{"pose": pose[:, :2].ravel().tolist(), "score": pose[:, 2].tolist()}]}
        for frame, pose in enumerate(scored(frames, 18), start=1)
    ]
    return json.dumps({"data": data, "label": "jumping", "label_index": 7} | fields).encode()


def landmarks(pose, visibility=0.5):
    """33 landmarks of MediaPipe as JSON has them, from (33, 3)."""
    return [{"x": x, "y": y, "z": z, "visibility": visibility} for x, y, z in pose.tolist()]


def mediapipe_bytes(frames=2):
    """One person of MediaPipe, frame after frame."""
    return json.dumps([landmarks(pose) for pose in walk(frames, 33)]).encode()


def table_bytes(names, rows, separator=","):
    """A table with names of columns."""
    lines = [names, *([f"{cell}" for cell in row] for row in rows)]
    return "".join(separator.join(line) + "\n" for line in lines).encode()


def long_table_bytes(clip, joints):
    """T V C as a table with one row per frame and joint."""
    rows = [(t, joint, *clip[t, v].tolist()) for t in range(len(clip)) for v, joint in enumerate(joints)]
    return table_bytes(["frame", "joint", *"xyz"[: clip.shape[2]]], rows)


def csv_bytes(clip):
    """T V C as a table without a header."""
    rows = (",".join(str(number) for number in frame.ravel()) for frame in clip)
    return "\n".join(rows).encode() + b"\n"


BODY = """
    Hips - 0 90 0, Spine Hips 0 10 0, Spine1 Spine 0 12 0, Spine2 Spine1 0 12 0, Neck Spine2 0 15 0, Head Neck 0 10 0,
    LeftShoulder Spine2 4 10 0, LeftArm LeftShoulder 12 0 0, LeftForeArm LeftArm 28 0 0, LeftHand LeftForeArm 25 0 0,
    RightShoulder Spine2 -4 10 0, RightArm RightShoulder -12 0 0, RightForeArm RightArm -28 0 0,
    RightHand RightForeArm -25 0 0,
    LeftUpLeg Hips 9 -4 0, LeftLeg LeftUpLeg 0 -42 0, LeftFoot LeftLeg 0 -40 0, LeftToeBase LeftFoot 0 -5 14,
    RightUpLeg Hips -9 -4 0, RightLeg RightUpLeg 0 -42 0, RightFoot RightLeg 0 -40 0, RightToeBase RightFoot 0 -5 14
"""
"""A body in a T-pose that faces z: joint, parent, offset in centimetres."""


def bvh_text(poses=({},), body=BODY, rotations="ZXY", seconds=0.04):
    """Motion capture of a body; `poses` hold per frame the channels that are not 0 (Hips start at y = 90)."""
    joints = {name: (parent, offset) for name, parent, *offset in (joint.split() for joint in body.split(","))}
    lines, channels = ["HIERARCHY"], []

    def add(name):
        parent, offset = joints[name]
        own = ["Xposition", "Yposition", "Zposition"] * (parent == "-") + [f"{axis}rotation" for axis in rotations]
        channels.extend((name, channel) for channel in own)
        lines.extend([f"{'ROOT' if parent == '-' else 'JOINT'} {name}", "{", f"OFFSET {' '.join(offset)}"])
        lines.append(f"CHANNELS {len(own)} {' '.join(own)}")
        children = [child for child, (above, _) in joints.items() if above == name]
        for child in children:
            add(child)
        lines.extend(["}"] if children else ["End Site", "{", "OFFSET 0 5 0", "}", "}"])

    add(next(iter(joints)))
    lines += ["MOTION", f"Frames: {len(poses)}", f"Frame Time: {seconds}"]
    start = {channels[1]: 90}
    lines += [" ".join(str((start | pose).get(channel, 0)) for channel in channels) for pose in poses]
    return "\n".join(lines) + "\n"


PERSON = """
    Hip 0 0.9 0, RHip -0.1 0.9 0, RKnee -0.1 0.5 0, RAnkle -0.1 0.1 0, RBigToe -0.1 0 0.15, RSmallToe -0.15 0 0.15,
    RHeel -0.1 0 -0.05, LHip 0.1 0.9 0, LKnee 0.1 0.5 0, LAnkle 0.1 0.1 0, LBigToe 0.1 0 0.15, LSmallToe 0.15 0 0.15,
    LHeel 0.1 0 -0.05, Neck 0 1.4 0, Head 0 1.7 0, Nose 0 1.55 0.1, RShoulder -0.2 1.4 0, RElbow -0.4 1.4 0,
    RWrist -0.6 1.4 0, LShoulder 0.2 1.4 0, LElbow 0.4 1.4 0, LWrist 0.6 1.4 0
"""
"""Markers as Pose2Sim names those of HALPE, and where they are in metres: somebody in a T-pose who faces z."""


def marker_places(frames=3, person=PERSON):
    """Names, and positions T V C of somebody who goes 1 cm a frame along x."""
    names, *axes = zip(*(marker.split() for marker in person.split(",")), strict=True)
    places = np.array(axes, dtype=float).T
    return list(names), places + np.arange(frames)[:, None, None] * np.array([0.01, 0, 0])


def trc_text(frames=3, rate=50, unit="m", per_metre=1, person=PERSON):
    """Markers as OpenSim writes them."""
    names, places = marker_places(frames, person)
    lines = ["PathFileType\t4\t(X/Y/Z)\tclip.trc"]
    lines += ["DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames"]
    lines += [f"{rate}\t{rate}\t{frames}\t{len(names)}\t{unit}\t{rate}\t1\t{frames}"]
    lines += ["Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t"]
    lines += ["\t\t" + "\t".join(f"{axis}{number + 1}" for number in range(len(names)) for axis in "XYZ"), ""]
    for frame, place in enumerate(places * per_metre):
        cells = [str(frame + 1), f"{frame / rate:.4f}", *(f"{number:.6f}" for number in place.ravel())]
        lines.append("\t".join(cells))
    return "\n".join(lines) + "\n"


def c3d_bytes(frames=3, rate=50.0, unit="mm", person=PERSON, unseen=(), labels=None):
    """Points in a C3D file of floats, z up; `unseen` holds pairs of frame and point."""
    names, places = marker_places(frames, person)
    points = np.ones((frames, len(names), 4), dtype="<f4")
    points[..., :3] = places[..., [0, 2, 1]] * np.array([1, -1, 1]) * 1000
    points[..., 3] = 0
    for frame, point in unseen:
        points[frame, point] = (0, 0, 0, -1)
    names = names if labels is None else labels

    def parameter(name, data, size, *dimensions):
        body = struct.pack("<bB", size, len(dimensions)) + bytes(dimensions) + data + b"\0"
        return struct.pack("<bb", len(name), 1) + name.encode() + struct.pack("<h", len(body) + 2) + body

    content = struct.pack("<bb", 5, -1) + b"POINT" + struct.pack("<hB", 3, 0)
    content += parameter("USED", struct.pack("<h", len(points[0])), 2)
    content += parameter("SCALE", struct.pack("<f", -1), 4) + parameter("RATE", struct.pack("<f", rate), 4)
    content += parameter("DATA_START", struct.pack("<h", 5), 2) + parameter("FRAMES", struct.pack("<h", frames), 2)
    content += parameter("UNITS", unit.ljust(4).encode(), -1, 4) if unit else b""
    content += parameter("LABELS", "".join(name.ljust(12) for name in names).encode(), -1, 12, len(names))
    parameters = (struct.pack("<BBBB", 1, 0x50, 3, 84) + content).ljust(3 * 512, b"\0")
    header = struct.pack("<BBhhhhhfhhf", 2, 0x50, len(points[0]), 0, 1, frames, 0, -1, 5, 0, rate).ljust(512, b"\0")
    return header + parameters + points.tobytes().ljust(-(-points.nbytes // 512) * 512, b"\0")


def amass_arrays(frames=3, **arrays):
    """One clip of AMASS, without joints."""
    poses = np.zeros((frames, 156))
    given = {"poses": poses, "trans": poses[:, :3], "betas": np.zeros(16), "mocap_framerate": np.array(120.0)}
    return given | arrays
