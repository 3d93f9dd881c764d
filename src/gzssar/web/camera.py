"""A visitor's camera: pictures come over a WebSocket, skeletons and rankings go back while they come.

The visitor sends a :class:`~gzssar.web.schemas.CameraOrder` as text, at first and whenever classes change, and
pictures as bytes: the time in seconds as a float64, little-endian, then a JPEG. Back come objects as text, by their
``kind``: ``start`` tells what bodies are made of, ``pose`` who is in a picture, ``answer`` what the last seconds show,
``trouble`` that they cannot be recognized, and ``end`` why the camera stops.

One camera runs at a time, for a bounded time. Where pictures come faster than people are found in them, the newest one
counts, and the others are counted as skipped. Nothing is stored.
"""

import asyncio
import io
import logging
import math
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

import numpy as np
from fastapi import APIRouter
from jaxtyping import UInt8
from PIL import Image
from pydantic import ValidationError
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from gzssar.errors import ConfigError, DataError, GzssarError
from gzssar.inference.camera import Newest, answer_pictures
from gzssar.inference.live import LATEST, LiveAnswer
from gzssar.recognizer import Prediction
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.poses import FindPoses, Picture, Pose, Sighting
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.web.failures import OUR_MISTAKE
from gzssar.web.limits import Limits
from gzssar.web.player import SIDES, standing
from gzssar.web.schemas import CameraOrder
from gzssar.web.store import ClassStore

T = TypeVar("T")

_TIME = struct.Struct("<d")
_MOST_WAITING = 100
"""Messages that wait for a visitor who does not take them."""
_GOODBYE_S = 3.0
"""Seconds for a visitor to take the last message."""
_DIGITS = 4
_DONE, _REFUSED = 1000, 1008
"""WebSocket's codes of an end, and of one that a sentence explained before."""

log = logging.getLogger(__name__)


class Packet(NamedTuple):
    """A picture as it comes."""

    time: float
    jpeg: bytes


def camera_routes(store: ClassStore, limits: Limits, find_poses: FindPoses | None) -> APIRouter:
    """The route of the camera.

    Args:
        store: what recognizes.
        limits: how much a camera may ask for.
        find_poses: what finds people; None where visitors' cameras are not to be used.
    """
    router, free = APIRouter(prefix="/api"), threading.Lock()

    @router.websocket("/camera")
    async def camera(socket: WebSocket) -> None:
        await socket.accept()
        if find_poses is None:
            sentence = "this server takes no pictures of cameras: whoever started it can allow it by --camera."
        elif not free.acquire(blocking=False):
            sentence = "another tab or visitor has a camera running here, and one runs at a time: stop it first."
        else:
            try:
                sentence = await _Session(socket, store, limits, find_poses).run()
            finally:
                free.release()
        await _end(socket, sentence)  # a visitor who does not listen keeps no camera from others

    return router


class _Session:
    """One camera from start to end. What is looked at and recognized is so in threads of its own."""

    def __init__(self, socket: WebSocket, store: ClassStore, limits: Limits, find_poses: FindPoses) -> None:
        self._socket, self._store, self._limits, self._find_poses = socket, store, limits, find_poses
        self._order = CameraOrder()
        self._packets = Newest[Packet]()
        self._loop = asyncio.get_running_loop()
        self._messages = asyncio.Queue[dict[str, Any]](_MOST_WAITING)
        self._over: asyncio.Future[str] = self._loop.create_future()
        """Why the camera stops; empty where the visitor stopped it."""

    async def run(self) -> str:
        """Answer until the visitor leaves, the time is over, or something is wrong.

        Returns:
            Why the camera stops; nothing where the visitor stopped it.
        """
        worker = threading.Thread(target=self._work, name="gzssar-live", daemon=True)
        tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._speak())]
        worker.start()
        try:
            sentence = await self._over
        finally:
            self._packets.end()
            for task in tasks:
                task.cancel()
        await asyncio.wait(tasks)
        await asyncio.to_thread(worker.join)  # the next camera comes when this one's work is done
        return sentence

    async def _listen(self) -> None:
        until = self._loop.time() + self._limits.camera_s
        try:
            while True:
                left = until - self._loop.time()
                async with asyncio.timeout(min(left, self._limits.camera_silence_s)):
                    message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    self._finish("")
                    return
                self._take(message)
        except TimeoutError:
            silent = f"no picture came for {self._limits.camera_silence_s:g} s: see whether the camera still works."
            over = f"the camera ran for {self._limits.camera_s / 60:g} minutes, which is the most: start it again."
            self._finish(over if self._loop.time() >= until else silent)
        except GzssarError as error:
            self._finish(str(error))
        except Exception:
            log.exception("a camera's messages could not be taken")
            self._finish(OUR_MISTAKE)

    def _take(self, message: Message) -> None:
        if (text := message.get("text")) is not None:
            try:
                self._order = CameraOrder.model_validate_json(text)
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                place = ".".join(map(str, first["loc"])) or "the order"
                raise DataError(
                    f"{place[:100]} in a camera's request is not as expected ({first['msg']}): reload the page."
                ) from error
            return
        packet = message["bytes"]
        if len(packet) > self._limits.max_picture_bytes:
            most = f"{self._limits.max_picture_bytes // 1024} KiB"
            raise DataError(
                f"a picture should have at most {most}, but this one has {len(packet) // 1024}: send smaller pictures."
            )
        time = _TIME.unpack_from(packet)[0] if len(packet) > _TIME.size else math.nan
        if not abs(time) < LATEST:
            raise DataError(
                "a picture should be sent as its time in seconds and then a JPEG, but the time is missing or too "
                "large: send both."
            )
        self._packets.put(Packet(time, packet[_TIME.size :]))

    async def _speak(self) -> None:
        try:
            await self._socket.send_json({"kind": "start", "sides": SIDES, "bones": NTU25.bones})
            while True:
                await self._socket.send_json(await self._messages.get())
        except (WebSocketDisconnect, RuntimeError):  # the visitor left
            self._finish("")

    def _finish(self, sentence: str) -> None:
        if not self._over.done():
            self._over.set_result(sentence)

    # ---- in the threads

    def _work(self) -> None:
        sentence = ""
        try:
            for found in answer_pictures(
                self._pictures(), self._find_poses, self._answer, self._sighted, on_bad=self._trouble
            ):
                self._say(_told(found))
        except GzssarError as error:
            sentence = str(error)
        except Exception:
            log.exception("a camera's pictures could not be answered")
            sentence = OUR_MISTAKE
        self._in_loop(self._finish, sentence)

    def _pictures(self) -> Iterator[Picture]:
        for packet in self._packets:
            yield Picture(_pixels(packet.jpeg, self._limits.max_picture_side), packet.time)

    def _answer(self, clips: Sequence[SkeletonSequence]) -> list[Prediction]:
        order = self._order
        try:
            recognizer = self._store.recognizer(order.classes)
            return [recognizer.predict(clip, order.candidates, top_k=None, abstain=True) for clip in clips]
        except ConfigError as error:  # another visitor may have removed a class: the next order can be right again
            raise DataError(str(error)) from error

    def _sighted(self, sighting: Sighting, people: dict[int, Pose]) -> None:
        self._say(
            {
                "kind": "pose",
                "time": sighting.time,
                "skipped": self._packets.skipped,
                "bodies": standing(people),
                "people": {number: _landmarks(pose) for number, pose in people.items()},
            }
        )

    def _trouble(self, name: str, error: DataError) -> None:
        self._say({"kind": "trouble", "error": str(error)})

    def _say(self, message: dict[str, Any]) -> None:
        self._in_loop(self._put, message)

    def _in_loop(self, call: Callable[[T], None], argument: T) -> None:
        with suppress(RuntimeError):  # the server has ended
            self._loop.call_soon_threadsafe(call, argument)

    def _put(self, message: dict[str, Any]) -> None:
        if self._messages.full():
            self._finish("answers wait for this page, which does not take them: start the camera again.")
        else:
            self._messages.put_nowait(message)


def _told(found: LiveAnswer) -> dict[str, Any]:
    """An answer as the page gets it, as that of `/api/predict`; null where there is none."""
    answer = found.prediction
    return {
        "kind": "answer",
        "time": found.time,
        "early": bool(found.warning),
        "answer": None if answer is None else answer.as_dict(),
        "others": [other.as_dict() for other in found.others],
        "skipped": found.skipped,
    }


def _landmarks(pose: Pose) -> list[list[float]]:
    """Each joint's place in MediaPipe's axes, and how sure it is."""
    sure = np.ones(len(pose.joints)) if pose.visibility is None else pose.visibility
    return np.column_stack([pose.joints, sure]).round(_DIGITS).tolist()


def _pixels(jpeg: bytes, side: int) -> UInt8[np.ndarray, "H W 3"]:
    """Decode a picture.

    Raises:
        DataError: it is no JPEG, damaged, or has more pixels than `side` across or down.
    """
    try:
        picture = Image.open(io.BytesIO(jpeg), formats=["JPEG"])
        pixels = np.asarray(picture.convert("RGB")) if max(picture.size) <= side else None
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError("a picture should be a JPEG, but this one is not, or it is damaged.") from error
    if pixels is None:
        raise DataError(
            f"a picture should have at most {side} pixels across and down, but this one has {picture.width} × "
            f"{picture.height}: send smaller ones."
        )
    return pixels


async def _end(socket: WebSocket, sentence: str) -> None:
    """Say why the camera stops, if there is something to say and somebody who hears it, and hang up."""
    if socket.client_state is not WebSocketState.CONNECTED:
        return
    with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):  # the visitor left, or does not listen
        async with asyncio.timeout(_GOODBYE_S):
            if sentence:
                await socket.send_json({"kind": "end", "error": sentence})
            await socket.close(_REFUSED if sentence else _DONE)
