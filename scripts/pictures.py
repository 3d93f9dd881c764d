"""Takes the pictures of the page that the documentation shows, of the synthetic model and clips of its puppet."""

import base64
import io
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import uvicorn
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By

from gzssar import Recognizer
from gzssar.recognizer.embedded import synthetic_model
from gzssar.skeletons.poses import pose_finder
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.web.app import create_app
from gzssar.web.limits import Limits
from gzssar.web.samples import synthetic_samples

DOCS = Path(__file__).parents[1] / "docs"
CLIP = "wave both hands"
GREET = (
    "greet from afar",
    "to draw attention from far away",
    "both arms go up and swing from side to side above the head, again and again",
)
FILM, SCALE, COLOURS = (1080, 760), 0.72, 256
"""The window that the GIF shows, in pixels, how much smaller the GIF is, and its colours."""
DROP = """
const data = Uint8Array.from(atob(arguments[1]), (letter) => letter.charCodeAt(0));
const dataTransfer = new DataTransfer();
dataTransfer.items.add(new File([data], arguments[0]));
for (const name of ["dragenter", "drop"])
  document.getElementById("drop").dispatchEvent(new DragEvent(name, { bubbles: true, cancelable: true, dataTransfer }));
"""


def main() -> None:
    """Take all of them."""
    recognizer, samples = synthetic_model(), synthetic_samples()
    with chromium() as browser:
        with serving(recognizer, samples) as address:
            take_stills(browser, address)
        ignorant = recognizer.copy()
        text = next(text for text in recognizer.texts if text.label == CLIP)
        ignorant.remove_class(CLIP)
        with serving(ignorant, {}) as address:
            film(browser, address, samples[CLIP], (CLIP, text.action or "", text.motion or ""))


def take_stills(browser: webdriver.Chrome, address: str) -> None:
    """The whole page, light, dark and on a telephone."""
    for name, width, scheme in (
        ("serve", 1280, "light"),
        ("serve-dark", 1280, "dark"),
        ("serve-narrow", 375, "light"),
    ):
        visit(browser, address, width, 900, scheme)
        next(chip for chip in every(browser, "#samples button") if chip.text == CLIP).click()
        answered(browser)
        for field, words in zip(("new-label", "new-action", "new-motion"), GREET, strict=True):
            find(browser, field).send_keys(words)
        click(browser, "add-button")
        until(lambda: find(browser, "added-box").is_displayed())
        row = f'#ranking button[data-label="{GREET[0]}"]'
        until(lambda row=row: bool(every(browser, row)))
        browser.execute_script(
            "document.querySelector(arguments[0]).click(); document.activeElement.blur(); scrollTo(0, 0)", row
        )
        until(lambda: GREET[0] in find(browser, "why-title").text)
        answered(browser)
        browser.execute_script(
            "const scrub = document.getElementById('scrub'); scrub.value = 810; scrub.dispatchEvent(new Event('input'))"
        )
        time.sleep(0.5)
        height = browser.execute_script("return document.documentElement.scrollHeight")
        path = DOCS / f"{name}.png"
        screenshot(browser, width, height).quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
        print(path)


def film(browser: webdriver.Chrome, address: str, clip: SkeletonSequence, words: tuple[str, str, str]) -> None:
    """A clip is dropped and answered; the action that it shows is typed in, and then it is the answer."""
    frames: list[tuple[Image.Image, int]] = []

    def shoot(milliseconds: int) -> None:
        picture = screenshot(browser, *FILM, browser.execute_script("return scrollY"))
        small = picture.resize((round(FILM[0] * SCALE), round(FILM[1] * SCALE)), Image.Resampling.LANCZOS)
        frames.append((small, milliseconds))

    visit(browser, address, *FILM, "light")
    shoot(1200)
    browser.execute_script(DROP, "clip.npz", base64.b64encode(as_archive(clip)).decode())
    answered(browser)
    play(browser, shoot)
    browser.execute_script("document.getElementById('add').scrollIntoView({ block: 'center' })")
    for field, text in zip(("new-label", "new-action", "new-motion"), words, strict=True):
        for part in text.split(" "):
            find(browser, field).send_keys(part + " ")
            shoot(90)
    shoot(700)
    click(browser, "add-button")
    until(lambda: find(browser, "added-box").is_displayed() and find(browser, "top-label").text.endswith(words[0]))
    shoot(900)
    browser.execute_script("scrollTo(0, 0)")
    answered(browser)
    play(browser, shoot)
    palette = frames[len(frames) // 2][0].quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    pictures = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture, _ in frames]
    path, times = DOCS / "serve.gif", [milliseconds for _, milliseconds in frames]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=times, loop=0, optimize=True)
    print(f"{path}: {len(frames)} pictures, {path.stat().st_size / 1e6:.2f} MB")


def play(browser: webdriver.Chrome, shoot: Callable[[int], None], pictures: int = 14) -> None:
    """The clip from its beginning to its end, then a rest on the answer."""
    for place in np.linspace(0, 900, pictures, dtype=int).tolist():
        browser.execute_script(
            "const scrub = document.getElementById('scrub'); scrub.value = arguments[0];"
            "scrub.dispatchEvent(new Event('input'))",
            place,
        )
        time.sleep(0.1)
        shoot(180)
    shoot(1500)


@contextmanager
def serving(recognizer: Recognizer, samples: dict[str, SkeletonSequence]) -> Iterator[str]:
    """The address of the page."""
    limits = Limits(time_limit_s=300)  # the machine may be busy
    app = create_app(recognizer, limits, samples=samples, find_poses=pose_finder(None))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until(lambda: server.started)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


@contextmanager
def chromium() -> Iterator[webdriver.Chrome]:
    """A browser without a window."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    with tempfile.TemporaryDirectory() as profile:
        for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", f"user-data-dir={profile}"):
            options.add_argument(f"--{flag}")
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
        try:
            yield driver
        finally:
            driver.quit()


def visit(browser: webdriver.Chrome, address: str, width: int, height: int, scheme: str) -> None:
    """Open the page as new in a window of that size."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce"},  # the player stands still where it is put
    ]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get(address)
    browser.execute_script("sessionStorage.clear()")
    browser.get(address)
    until(lambda: bool(browser.execute_script("return document.documentElement.dataset.ready")))


def screenshot(browser: webdriver.Chrome, width: int, height: int, top: int = 0) -> Image.Image:
    """A part of the page, even where it reaches beyond the window."""
    clip = {"x": 0, "y": top, "width": width, "height": height, "scale": 1}
    told = {"format": "png", "captureBeyondViewport": True, "clip": clip}
    data = browser.execute_cdp_cmd("Page.captureScreenshot", told)["data"]
    return Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")


def as_archive(clip: SkeletonSequence) -> bytes:
    """A clip as a uniform archive."""
    buffer = io.BytesIO()
    names = np.array(clip.layout.joint_names)
    np.savez(buffer, joints=clip.joints[..., 0].transpose(1, 2, 0), joint_names=names, fps=np.float32(clip.fps))
    return buffer.getvalue()


def answered(browser: webdriver.Chrome) -> None:
    """Wait for the answer and for why."""
    until(lambda: find(browser, "similarity").is_displayed() and find(browser, "strip").is_displayed())


def find(browser: webdriver.Chrome, name: str) -> webdriver.remote.webelement.WebElement:
    """An element of the page by its id."""
    return browser.find_element(By.ID, name)


def every(browser: webdriver.Chrome, selector: str) -> list[webdriver.remote.webelement.WebElement]:
    """The elements that a selector picks."""
    return browser.find_elements(By.CSS_SELECTOR, selector)


def click(browser: webdriver.Chrome, name: str) -> None:
    """Press a button, wherever it stands."""
    browser.execute_script("document.getElementById(arguments[0]).click()", name)


def until(condition: Callable[[], bool], seconds: float = 300) -> None:
    """Wait for something that the page does."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"the page did not get there in {seconds:g} s.")
        time.sleep(0.05)


if __name__ == "__main__":
    main()
