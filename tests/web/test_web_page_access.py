"""The page on small screens, by keyboard and in the dark. Skipped where Chromium or its driver is not installed."""

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from web_page import Page, in_chromium

pytestmark = in_chromium


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


def test_the_answer_stands_above_the_player_on_narrow_screens(browser, address):
    Page(browser, address, width=375)
    top = "return document.querySelector(arguments[0]).getBoundingClientRect().top"
    clip, answer, player = (browser.execute_script(top, name) for name in ("#drop", "#answer", ".player"))
    assert clip < answer < player


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


def test_the_routes_page(browser, address):
    browser.get(f"{address}/docs")
    page = Page.__new__(Page)
    page.browser = browser
    page.wait(lambda: len(page.all("article")) == 12)
    text = browser.find_element(By.TAG_NAME, "main").text
    assert "curl http://127.0.0.1" in text
    assert "/api/predict" in text
