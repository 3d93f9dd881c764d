"""One browser and one server for all tests of the page."""

import pytest
from selenium import webdriver
from web_page import CHROMIUM, DRIVER, FLAGS, Page
from web_server import running


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def address():
    with running() as here:
        yield here


@pytest.fixture
def page(browser, address):
    browser.get(address)
    browser.execute_script("sessionStorage.clear()")
    browser.get_log("browser")
    return Page(browser, address)
