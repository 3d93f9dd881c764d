"""The page in Chromium, as a visitor uses it. Skipped where Chromium or its driver is not installed."""

import shutil
import time

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from web_recognizer import ALL, FakeRecognizer
from web_server import npy_bytes, npz_bytes, running, two_bodies

from gzssar.errors import ConfigError
from gzssar.web.limits import Limits

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    *("headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"),
    *("disable-component-update", "disable-sync", "disable-dev-shm-usage"),
)
pytestmark = [
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER), reason="Chromium is missing: apt-get install chromium chromium-driver"
    ),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # Selenium leaves its driver's pipes to the collector
]

_SPEAKS_OF_NOBODY_ELSE = "return performance.getEntriesByType('resource').map(one => one.name)"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS:
        options.add_argument(f"--{flag}")
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('profile')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


class Page:
    """A visitor's hands and eyes."""

    def __init__(self, browser, address, width=1280, height=900, **media):
        self.browser = browser
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in media.items()]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        browser.get(address)
        self.wait(lambda: browser.execute_script("return document.documentElement.dataset.ready"))

    def __getitem__(self, name):
        return self.browser.find_element(By.ID, name)

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def wait(self, condition, seconds=20):
        for _ in range(seconds * 20):
            try:
                if found := condition():
                    return found
            except StaleElementReferenceException:
                pass
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds} s: {self.browser.find_element(By.TAG_NAME, 'body').text}")

    def press(self, *keys):
        ActionChains(self.browser).send_keys(*keys).perform()

    def sample(self, name):
        self.browser.execute_script("scrollTo(0, 0)")  # a reload may leave the samples below the banner
        next(button for button in self.all("#samples button") if button.text == name).click()
        self.settled(name)

    def settled(self, top):
        self.wait(lambda: self["top-label"].text == top)
        self.wait(lambda: self["similarity"].is_displayed() and self["strip"].is_displayed())

    def upload(self, folder, name, data):
        path = folder / name
        path.write_bytes(data)
        self["file"].send_keys(str(path))

    def ranking(self):
        return [button.get_attribute("data-label") for button in self.all("#ranking button")]

    def focused(self):
        return self.browser.switch_to.active_element.get_attribute("id")

    def share(self):
        return int(self["scrub"].get_attribute("value"))

    def ink(self):
        """How many pixels of the canvas are drawn."""
        return self.browser.execute_script(
            "const c = document.getElementById('canvas'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height)"
            ".data; let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n"
        )

    def troubles(self):
        """What the browser complained of, apart from refusals that the server gave on purpose."""
        messages = [line["message"] for line in self.browser.get_log("browser")]
        return [text for text in messages if "422" not in text and "getImageData" not in text]


@pytest.fixture(scope="module")
def address():
    with running() as here:
        yield here


@pytest.fixture
def page(browser, address):
    browser.get(address)
    browser.execute_script("sessionStorage.clear()")
    browser.get_log("browser")
    return Page(browser, address)


def test_a_sample_plays_and_is_ranked(page):
    assert "Synthetic model" in page["synthetic"].text
    assert page["answer-empty"].text == "No clip yet."
    assert page.ink() == 0
    page.sample("jumping jack")
    assert page["top-badge"].text == "unseen"
    assert page.ranking()[0] == "jumping jack"
    assert len(page.ranking()) == 8
    assert "%" in page["gate-text-seen"].text
    assert page.ink() > 1000
    before = page.share()
    page.wait(lambda: page.share() != before)  # it plays
    assert "jumping jack, unseen" in page["live"].get_attribute("textContent")
    page["more"].click()
    assert len(page.ranking()) == 48
    assert page.troubles() == []


def test_nothing_is_asked_of_anyone_else(page, address):
    page.sample("hand waving")
    asked = page.browser.execute_script(_SPEAKS_OF_NOBODY_ELSE)
    assert len(asked) > 8
    assert all(name.startswith(f"{address}/") for name in asked)


def test_a_file_of_two_bodies_that_needs_a_layout(page, tmp_path):
    assert not page["reading"].get_attribute("open")
    page.upload(tmp_path, "two.npy", npy_bytes(two_bodies()))
    page.wait(lambda: "two.npy does not say what its joints are" in page["clip-error"].text)
    assert page["reading"].get_attribute("open")
    assert page["answer-empty"].text == "No answer without a clip that can be read."
    page["layout"].find_element(By.CSS_SELECTOR, "option[value=ntu25]").click()
    page.wait(lambda: "2 bodies" in page["facts"].text)
    page.wait(lambda: page.ranking())
    assert not page["clip-error"].is_displayed()
    assert page["second"].is_displayed()


def test_what_speaks_against_an_answer_is_shown(page, tmp_path):
    page.upload(tmp_path, "short.npz", npz_bytes(frames=1))
    page.wait(lambda: page.ranking())
    assert page["top-warning"].text == "1 frame: made up"
    page.sample("squat down")
    assert not page["top-warning"].is_displayed()


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("cut.skeleton", b"3\n1\n", "cut.skeleton, line 3, should hold a body's id"),
        ("photo.png", b"\x89PNG\r\n" + bytes(50), "none of"),
        ("many.npz", npz_bytes(clips=3), "holds 3 clips"),
        ("<img src=x>.csv", b"a,b\n", "<img src=x>.csv should hold skeleton clips"),
    ],
)
def test_a_bad_file_gets_the_readers_sentence(page, tmp_path, name, data, told):
    page.sample("squat down")
    page.upload(tmp_path, name, data)
    page.wait(lambda: told in page["clip-error"].text)
    page.wait(lambda: page["answer-empty"].is_displayed())
    assert page["clip-error"].get_attribute("role") == "alert"
    assert page["stage-empty"].is_displayed()
    assert page.ink() == 0
    assert not page["why"].is_displayed()
    assert page.all("img") == []
    page.sample("squat down")  # and all is well again
    assert not page["clip-error"].is_displayed()


def test_a_file_that_is_too_large_is_not_sent(browser, tmp_path):
    with running(limits=Limits(max_upload_bytes=3 * 2**20)) as address:
        page = Page(browser, address)
        page.upload(tmp_path, "large.npz", bytes(4 * 2**20))
        page.wait(lambda: "takes at most 3 MiB" in page["clip-error"].text)
        asked = page.browser.execute_script(_SPEAKS_OF_NOBODY_ELSE)
        assert not [name for name in asked if name.endswith(("clip", "predict"))]


def test_a_class_is_added_and_removed(page, browser, address):
    page.sample("hand waving")
    assert "ranks 48 actions: 40 it was trained on, and 8" in page["lead"].text
    page["new-label"].send_keys("juggle")
    page["new-action"].send_keys("Throw things up and catch them.")
    page["new-motion"].send_keys("Both hands go up and down.")
    page["add-button"].click()
    page.wait(lambda: "juggle" in page.ranking())
    badge = page.all("#ranking [data-label=juggle] .badge")[0]
    assert badge.text == "added"
    assert "ranks 49 actions: 40 it was trained on, and 9" in page["lead"].text
    in_view = "const { top, bottom } = arguments[0].getBoundingClientRect(); return bottom > 0 && top < innerHeight"
    page.wait(lambda: browser.execute_script(in_view, page["top-label"]))
    page.wait(lambda: page["why-title"].text == "Why “juggle”")
    assert "“juggle” is number" in page["live"].get_attribute("textContent")
    page.wait(lambda: "Both hands go up and down." in page["similarity"].text)
    assert page["new-label"].get_attribute("value") == ""

    page["new-label"].send_keys("JUG gle", Keys.ENTER)
    assert "There is “juggle” already" in page["add-error"].text
    page["new-label"].send_keys("2")
    assert not page["add-error"].is_displayed()

    browser.switch_to.new_window("tab")  # another visitor
    other = Page(browser, address)
    other.sample("hand waving")
    assert "juggle" not in other.ranking()
    browser.close()
    browser.switch_to.window(browser.window_handles[0])

    browser.refresh()  # the tab keeps it
    page.wait(lambda: page.all("#added li"))
    page.sample("hand waving")
    assert "juggle" in page.ranking()
    page.all("#added button")[0].click()
    page.wait(lambda: "juggle" not in page.ranking())
    assert page.focused() == "new-label"
    assert page.troubles() == []


def test_a_shared_class_is_there_for_all(browser):
    with running(shared=True) as address:
        page = Page(browser, address)
        assert "Everyone" in page["whose"].text
        page.sample("hand waving")
        page["new-label"].send_keys("juggle", Keys.ENTER)
        page.wait(lambda: "juggle" in page.ranking())
        other = Page(browser, address)
        other.sample("hand waving")
        assert "juggle" in other.ranking()
        other.all("#added button")[0].click()
        other.wait(lambda: "juggle" not in other.ranking())


def test_a_refused_class_is_told(page):
    page["add-button"].click()
    assert page["add-error"].text == "A name is needed."
    page.browser.execute_script("document.getElementById('new-label').value = 'bell\\u0007'")
    page["add-button"].click()
    page.wait(lambda: "no control characters" in page["add-error"].text)
    assert page.all("#added li") == []


def test_which_actions_compete(page):
    page.sample("hand waving")
    page["compete"].find_element(By.TAG_NAME, "summary").click()
    page["none"].click()
    page.wait(lambda: "No action competes" in page["answer-empty"].text)
    page["filter"].send_keys("kick")
    page["all"].click()
    page.wait(lambda: set(page.ranking()) == {"kick something", "side kick", "kick and punch"})
    assert page["compete-count"].text == "3 of 48"


def test_the_gate_is_shown_where_it_was_asked(browser, page):
    page.sample("hand waving")
    assert page["gate"].is_displayed()
    assert "Seen with" in page["live"].get_attribute("textContent")
    with running(FakeRecognizer(seen=frozenset(ALL))) as address:
        page = Page(browser, address)
        page.sample("hand waving")
        assert not page["gate"].is_displayed()
        assert "Seen with" not in page["live"].get_attribute("textContent")


def test_why_another_class(page):
    page.sample("hand waving")
    page.all("#ranking button")[2].click()
    label = page.ranking()[2]
    page.wait(lambda: page["why-title"].text == f"Why “{label}”" and page["similarity"].is_displayed())
    pressed = page.all("#ranking [aria-pressed=true]")
    assert [button.get_attribute("data-label") for button in pressed] == [label]
    drawn = page.ink()
    page["show-parts"].click()
    assert not page["strip"].is_displayed()
    assert not page["mattered"].is_displayed()
    page["front"].click()
    assert page.ink() != drawn


def test_everything_by_keyboard(page):
    reached = []
    for _ in range(60):
        page.press(Keys.TAB)
        reached.append(page.focused() or page.browser.switch_to.active_element.text)
    order = ["Skip to the answer", "file", "hand waving", "canvas", "speed", "front", "new-label", "add-button"]
    places = [reached.index(name) for name in order]
    assert places == sorted(places)

    page.all("#samples button")[3].send_keys(Keys.ENTER)
    page.settled("jumping jack")
    canvas = page["canvas"]
    page.browser.execute_script("arguments[0].focus()", canvas)
    playing = lambda: "playing" in page["play"].get_attribute("class")  # noqa: E731
    assert playing()
    page.press(Keys.SPACE)
    assert not playing()
    at = page.share()
    first = page.browser.execute_script("return arguments[0].toDataURL()", canvas)
    page.press(Keys.ARROW_LEFT)
    assert page.browser.execute_script("return arguments[0].toDataURL()", canvas) != first
    page.browser.execute_script("arguments[0].focus()", page["scrub"])
    page.press(Keys.HOME)
    assert page.share() == 0 != at
    page.press(Keys.ARROW_RIGHT)
    assert page.share() > 0
    page["play"].send_keys(Keys.SPACE)
    assert playing()
    page["new-label"].send_keys("a b")  # a space in a field is a space
    assert page["new-label"].get_attribute("value") == "a b"
    assert playing()


def test_every_control_has_a_name(page):
    page.sample("hand waving")
    nameless = page.browser.execute_script(
        "return [...document.querySelectorAll('button, input, select, textarea, summary, a, canvas')].filter(one => "
        "!(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length)).map(one => one.outerHTML)"
    )
    assert nameless == []


def test_dragging_turns_it(page):
    page.sample("hand waving")
    page["play"].click()
    canvas = page["canvas"]
    before = page.browser.execute_script("return arguments[0].toDataURL()", canvas)
    ActionChains(page.browser).drag_and_drop_by_offset(canvas, 80, 10).perform()
    assert page.browser.execute_script("return arguments[0].toDataURL()", canvas) != before


def test_dropping_a_file(page):
    page.browser.execute_script(
        "const data = new DataTransfer(); data.items.add(new File(['no clip'], 'dropped.txt'));"
        "document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }))"
    )
    page.wait(lambda: "dropped.txt should hold skeleton clips" in page["clip-error"].text)


@pytest.mark.parametrize("width", [320, 375, 700, 1280])
def test_nothing_runs_out_of_the_screen(browser, address, width):
    page = Page(browser, address, width=width)
    page.sample("phone call while marching")
    for name in ("compete", "reading", "about"):
        browser.execute_script(f"document.getElementById('{name}').open = true")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    browser.get(f"{address}/docs")
    page.wait(lambda: page.all("article"))
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_reduced_motion_waits_for_the_visitor(browser, address):
    page = Page(browser, address, prefers_reduced_motion="reduce")
    page.sample("hand waving")
    assert page["play"].get_attribute("aria-label") == "Play"
    assert page.share() == 0
    page["play"].click()
    page.wait(lambda: page.share() > 0)


def test_dark_mode(browser, address):
    paper = "return getComputedStyle(document.body).backgroundColor"
    Page(browser, address, prefers_color_scheme="light")
    light = browser.execute_script(paper)
    Page(browser, address, prefers_color_scheme="dark")
    assert browser.execute_script(paper) != light


def test_a_model_that_abstains_or_fails_and_has_no_samples(browser, tmp_path):
    with running(FakeRecognizer(synthetic=False, card=""), samples={}) as address:
        page = Page(browser, address)
        assert not page["synthetic"].is_displayed()
        assert not page["samples-box"].is_displayed()
        assert not page["about"].is_displayed()
        page.upload(tmp_path, "unlike.npz", npz_bytes())
        page.wait(lambda: page["top-label"].text.startswith("Perhaps "))
        assert "Not sure" in page["top-note"].text

    def refuse(clip):
        raise ConfigError("this model has no encoder: fit one on clips.")

    with running(FakeRecognizer(on_predict=refuse)) as address:
        page = Page(browser, address)
        page.all("#samples button")[0].click()
        page.wait(lambda: page["answer-error"].text == "This model has no encoder: fit one on clips.")
        assert page.ink() > 0  # but it plays


def test_a_server_that_is_gone(browser):
    with running() as address:
        page = Page(browser, address)
    page.all("#samples button")[0].click()
    page.wait(lambda: "does not answer" in page["clip-error"].text)


def test_the_routes_page(browser, address):
    browser.get(f"{address}/docs")
    page = Page.__new__(Page)
    page.browser = browser
    page.wait(lambda: len(page.all("article")) == 9)
    text = browser.find_element(By.TAG_NAME, "main").text
    assert "curl http://127.0.0.1" in text
    assert "/api/predict" in text
