"""One browser and one server for all tests of the page."""

import pytest
from web_page import Page, chromium
from web_server import running


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


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
