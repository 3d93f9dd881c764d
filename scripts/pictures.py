"""Takes the pictures of the page that the documentation shows, of the synthetic model and clips of its puppet."""

import base64
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from selenium import webdriver
from web_page import Page, chromium
from web_server import running

from gzssar.recognizer.embedded import synthetic_model
from gzssar.skeletons.poses import pose_finder
from gzssar.skeletons.sequence import SkeletonSequence
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
PATIENCE = 300
"""Seconds to wait for an answer."""
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
    ignorant = recognizer.copy()
    text = next(text for text in recognizer.texts if text.label == CLIP)
    ignorant.remove_class(CLIP)
    about = {"limits": Limits(time_limit_s=300), "find_poses": pose_finder(None)}  # the machine may be busy
    with tempfile.TemporaryDirectory() as profile, chromium(profile) as browser:
        with running(recognizer, samples, **about) as address:
            take_stills(browser, address)
        with running(ignorant, {}, **about) as address:
            film(browser, address, samples[CLIP], (CLIP, text.action or "", text.motion or ""))


def take_stills(browser: webdriver.Chrome, address: str) -> None:
    """The whole page, light, dark and on a telephone."""
    for name, width, scheme in (
        ("serve", 1280, "light"),
        ("serve-dark", 1280, "dark"),
        ("serve-narrow", 375, "light"),
    ):
        page = visit(browser, address, width, 900, scheme)
        page.choose(CLIP)
        answered(page)
        for field, words in zip(("new-label", "new-action", "new-motion"), GREET, strict=True):
            page[field].send_keys(words)
        click(page, "add-button")
        page.wait(page["added-box"].is_displayed, PATIENCE)
        row = f'#ranking button[data-label="{GREET[0]}"]'
        page.wait(lambda page=page, row=row: page.all(row), PATIENCE)
        browser.execute_script(
            "document.querySelector(arguments[0]).click(); document.activeElement.blur(); scrollTo(0, 0)", row
        )
        page.wait(lambda page=page: GREET[0] in page["why-title"].text, PATIENCE)
        answered(page)
        show(page, 810)
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

    page = visit(browser, address, *FILM, "light")
    shoot(1200)
    browser.execute_script(DROP, "clip.npz", base64.b64encode(as_archive(clip)).decode())
    answered(page)
    play(page, shoot)
    browser.execute_script("document.getElementById('add').scrollIntoView({ block: 'center' })")
    for field, text in zip(("new-label", "new-action", "new-motion"), words, strict=True):
        for part in text.split(" "):
            page[field].send_keys(part + " ")
            shoot(90)
    shoot(700)
    click(page, "add-button")
    page.wait(lambda: page["added-box"].is_displayed() and page["top-label"].text.endswith(words[0]), PATIENCE)
    shoot(900)
    browser.execute_script("scrollTo(0, 0)")
    answered(page)
    play(page, shoot)
    # one palette for all pictures, of every eighth of them, since no picture has all colours
    sample = Image.fromarray(np.vstack([np.asarray(picture) for picture, _ in frames[::8]]))
    palette = sample.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE)
    pictures = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture, _ in frames]
    path, times = DOCS / "serve.gif", [milliseconds for _, milliseconds in frames]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=times, loop=0, optimize=True)
    print(f"{path}: {len(frames)} pictures, {path.stat().st_size / 1e6:.2f} MB")


def play(page: Page, shoot: Callable[[int], None], pictures: int = 14) -> None:
    """The clip from its beginning to its end, then a rest on the answer."""
    for place in np.linspace(0, 900, pictures, dtype=int).tolist():
        show(page, place)
        time.sleep(0.1)
        shoot(180)
    shoot(1500)


def show(page: Page, place: int) -> None:
    """The frame at a place of the player, in thousandths of the clip."""
    page.browser.execute_script(
        "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))", page["scrub"], place
    )


def visit(browser: webdriver.Chrome, address: str, width: int, height: int, scheme: str) -> Page:
    """Open the page as new in a window of that size; the player stands still where it is put."""
    browser.get(address)
    browser.execute_script("sessionStorage.clear()")
    return Page(browser, address, width, height, prefers_color_scheme=scheme, prefers_reduced_motion="reduce")


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


def answered(page: Page) -> None:
    """Wait for the answer and for why."""
    page.wait(lambda: page["similarity"].is_displayed() and page["strip"].is_displayed(), PATIENCE)


def click(page: Page, name: str) -> None:
    """Press a button, wherever it stands."""
    page.browser.execute_script("arguments[0].click()", page[name])


if __name__ == "__main__":
    main()
