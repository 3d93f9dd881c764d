"""The page in Chromium: a visitor's hands and eyes."""

import shutil
import time
from contextlib import contextmanager

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    *("headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"),
    *("disable-component-update", "disable-sync", "disable-dev-shm-usage"),
)
in_chromium = [
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER), reason="Chromium is missing: apt-get install chromium chromium-driver"
    ),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # Selenium leaves its driver's pipes to the collector
]
"""Marks of the tests that need it."""


@contextmanager
def chromium(profile, *flags):
    """A browser without a window, whose settings lie in a folder."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""  # then Selenium looks for one
    for flag in (*FLAGS, *flags, f"user-data-dir={profile}"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        yield driver
    finally:
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
        self.choose(name)
        self.settled(name)

    def choose(self, name):
        self.browser.execute_script("scrollTo(0, 0)")  # a reload may leave the samples below the banner
        next(button for button in self.all("#samples button") if button.text == name).click()

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
        meant = ("status of 422", "status of 409", "getImageData")
        return [text for text in messages if not any(part in text for part in meant)]
