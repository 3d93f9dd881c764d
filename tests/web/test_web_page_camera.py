"""The camera on the page, in Chromium with a made-up camera that plays a file. Skipped where Chromium is missing."""

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from web_camera import bright_hand, video_bytes
from web_page import Page, chromium, in_chromium
from web_server import running

from gzssar.errors import MissingExtraError
from gzssar.skeletons.poses import pose_finder

pytestmark = in_chromium

WIDTH, HEIGHT = 160, 120


def write_film(path, brightness):
    """A film that gets brighter and darker, as a camera that Chromium makes up plays it."""
    with path.open("wb") as film:
        film.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F30:1 Ip A1:1 C420jpeg\n".encode())
        for bright in brightness:
            film.write(
                b"FRAME\n" + bytes([round(255 * bright)]) * (WIDTH * HEIGHT) + bytes([128]) * (WIDTH * HEIGHT // 2)
            )
    return path


def playing(folder, film):
    """A browser whose camera plays a film."""
    flags = ("use-fake-device-for-media-stream", f"use-file-for-fake-video-capture={film}")
    return chromium(folder / "profile", *flags)


@pytest.fixture(scope="module")
def filmed(tmp_path_factory):
    """A browser with a camera that gets brighter and darker, twice in three seconds."""
    folder = tmp_path_factory.mktemp("camera")
    film = write_film(folder / "film.y4m", 0.5 - 0.3 * np.cos(np.arange(90) / 45 * 2 * np.pi))
    with playing(folder, film) as driver:
        yield driver


@pytest.fixture(scope="module")
def address():
    with running(find_poses=bright_hand) as here:
        yield here


def allow(browser, address, setting="granted"):
    asked = {"permission": {"name": "camera"}, "setting": setting, "origin": address}
    browser.execute_cdp_cmd("Browser.setPermission", asked)


@pytest.fixture
def page(filmed, address):
    allow(filmed, address)
    filmed.get(address)
    filmed.execute_script("sessionStorage.clear()")
    filmed.get_log("browser")
    page = Page(filmed, address)
    yield page
    filmed.get("about:blank")  # its camera stops


def start(page):
    page["camera-start"].click()
    page.wait(lambda: page.ranking())


def picture(page):
    return page.browser.execute_script("return arguments[0].toDataURL()", page["canvas"])


def test_what_the_camera_sees_is_shown_and_ranked(page):
    start(page)
    assert page["camera-start"].text == "Stop the camera"
    assert page["facts"].text == "Live"
    assert page.ink() > 1000
    before = picture(page)
    page.wait(lambda: picture(page) != before)  # the skeleton moves
    assert page["top-label"].text
    page.wait(lambda: len(page.ranking()) == 8)
    assert not page["teach"].is_displayed()  # there is no clip yet
    page.wait(lambda: "pictures per second" in page["camera-facts"].text)
    page["camera-start"].click()
    assert page["camera-start"].text == "Start the camera"
    assert page["answer-empty"].text == "No clip yet."
    assert page.ink() == 0
    assert not page["camera-video"].is_displayed()
    assert page.troubles() == []


def test_a_class_is_taught_by_holding_a_button(page):
    start(page)
    page.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", page["camera-hold"])
    ActionChains(page.browser).click_and_hold(page["camera-hold"]).pause(1.5).release().perform()
    page.wait(lambda: page["facts"].text.startswith("camera "))
    assert "mediapipe33" in page["facts"].text
    page.wait(lambda: page.ranking() and page["teach"].is_displayed())
    page["teach-label"].send_keys("greet", Keys.ENTER)
    page.wait(lambda: page["top-label"].text == "greet")
    assert page["top-badge"].text == "taught"
    page["camera-live"].click()
    page.wait(lambda: page["facts"].text == "Live" and "greet" in page.ranking())  # it counts live, too


def test_the_space_bar_records_and_a_moment_is_too_short(page):
    start(page)
    page.browser.execute_script("document.activeElement.blur()")
    ActionChains(page.browser).key_down(Keys.SPACE).pause(1.5).key_up(Keys.SPACE).perform()
    page.wait(lambda: page["facts"].text.startswith("camera "))
    ActionChains(page.browser).key_down(Keys.SPACE).pause(0.1).key_up(Keys.SPACE).perform()
    page.wait(lambda: "at least half a second" in page["camera-error"].text)


def test_a_sample_beside_the_camera(page):
    start(page)
    page.choose("hand waving")
    page.wait(lambda: page["facts"].text.startswith("hand waving"))
    assert page["camera-live"].is_displayed()
    page.settled("hand waving")


def test_a_video_is_ranked_and_taught(page, tmp_path):
    assert "videos of one person" in page["formats"].text
    page.upload(tmp_path, "dance.avi", video_bytes(tmp_path, [0.3, 0.9] * 10))
    page.wait(lambda: page["facts"].text.startswith("dance.avi.json · 20 frames, 10 per second · mediapipe33"))
    page.wait(lambda: page.ranking())
    page["teach-label"].send_keys("dance", Keys.ENTER)
    page.wait(lambda: page["top-label"].text == "dance")
    page.upload(tmp_path, "dark.avi", video_bytes(tmp_path, [0.0] * 5))
    page.wait(lambda: "dark.avi should show one person" in page["clip-error"].text)
    assert page["answer-empty"].text == "There is no answer, because the clip cannot be read."


def test_a_camera_that_stops(page):
    start(page)
    ended = "document.getElementById('camera-video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))"
    page.browser.execute_script(ended)
    page.wait(lambda: "The camera stopped: it was unplugged" in page["camera-error"].text)
    assert page["camera-start"].text == "Start the camera"
    start(page)  # again
    assert not page["camera-error"].is_displayed()


def test_a_second_tab(page, filmed, address):
    start(page)
    filmed.switch_to.new_window("tab")
    other = Page(filmed, address)
    other["camera-start"].click()
    other.wait(lambda: "one runs at a time" in other["camera-error"].text)
    filmed.close()
    filmed.switch_to.window(filmed.window_handles[0])
    assert page["camera-start"].text == "Stop the camera"


def test_a_camera_that_the_browser_refuses(page, filmed, address):
    allow(filmed, address, "denied")
    page["camera-start"].click()
    page.wait(lambda: "was not allowed to use the camera" in page["camera-error"].text)
    allow(filmed, address)
    start(page)


@pytest.mark.parametrize(
    ("error", "told"), [("NotReadableError", "another program may have it"), ("NotFoundError", "There is no camera")]
)
def test_a_camera_that_is_busy_or_not_there(page, error, told):
    refuse = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', arguments[0]) }"
    page.browser.execute_script(f"const [name] = arguments; {refuse.replace('arguments[0]', 'name')}", error)
    page["camera-start"].click()
    page.wait(lambda: told in page["camera-error"].text)
    assert page["camera-error"].get_attribute("role") == "alert"


def test_a_server_that_takes_no_pictures(filmed):
    def lacking(pictures):
        raise MissingExtraError("finding people in pictures needs MediaPipe 0.10.21: pip install 'gzssar[pose]'.")
        yield

    for find_poses, told in ((lacking, "pip install 'gzssar[pose]'"), (None, "allow it by --camera")):
        with running(find_poses=find_poses) as address:
            allow(filmed, address)
            page = Page(filmed, address)
            page["camera-start"].click()
            page.wait(lambda: told in page["camera-error"].text)  # noqa: B023  # it is called at once
            assert page["camera-start"].text == "Start the camera"


def test_a_server_that_goes(filmed):
    with running(find_poses=bright_hand) as address:
        allow(filmed, address)
        page = Page(filmed, address)
        start(page)
    page.wait(lambda: "The connection to the server broke" in page["camera-error"].text)


@pytest.fixture
def with_a_person(tmp_path):
    """A browser whose camera sees somebody who shifts from side to side."""
    cv2 = pytest.importorskip("cv2", reason="OpenCV is missing: pip install 'gzssar[pose]'")
    pytest.importorskip("mediapipe", reason="MediaPipe is missing: pip install --no-deps mediapipe==0.10.21")
    if (package := find_spec("skimage")) is None:
        pytest.skip("a picture of a person is missing: pip install --no-deps scikit-image")
    person = cv2.imread(str(Path(package.origin).parent / "data" / "astronaut.png"))[::2, ::2]
    with (tmp_path / "film.y4m").open("wb") as film:
        film.write(b"YUV4MPEG2 W320 H256 F10:1 Ip A1:1 C420jpeg\n")
        for frame in range(20):
            shown = np.roll(np.pad(person, ((0, 0), (32, 32), (0, 0))), 2 * abs(frame - 10), axis=1)
            film.write(b"FRAME\n" + cv2.cvtColor(shown, cv2.COLOR_BGR2YUV_I420).tobytes())
    with playing(tmp_path, tmp_path / "film.y4m") as driver:
        yield driver


def test_mediapipe_finds_somebody_in_the_camera(with_a_person):
    model = os.environ.get("GZSSAR_POSE_MODEL")  # newer versions need one
    with running(find_poses=pose_finder(Path(model) if model else None)) as address:
        allow(with_a_person, address)
        page = Page(with_a_person, address)
        page["camera-start"].click()
        page.wait(lambda: page.ranking() or page["camera-error"].text, seconds=60)
        assert not page["camera-error"].is_displayed()
        assert page.ink() > 1000
