"""Classes of one's own on the page, and which compete. Skipped where Chromium or its driver is not installed."""

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from web_page import Page, in_chromium
from web_recognizer import FakeRecognizer
from web_server import running

pytestmark = in_chromium


def test_a_class_is_added_and_removed(page, browser, address):
    page.sample("hand waving")
    assert "ranks 48 actions: 40 that it was trained on, and 8" in page["lead"].text
    page["new-label"].send_keys("juggle")
    page["new-action"].send_keys("Throw things up and catch them.")
    page["new-motion"].send_keys("Both hands go up and down.")
    page["add-button"].click()
    page.wait(lambda: "juggle" in page.ranking())
    badge = page.all("#ranking [data-label=juggle] .badge")[0]
    assert badge.text == "added"
    assert "ranks 49 actions: 40 that it was trained on, and 9" in page["lead"].text
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
    page.wait(lambda: "No action is selected" in page["answer-empty"].text)
    page["filter"].send_keys("kick")
    page["all"].click()
    page.wait(lambda: set(page.ranking()) == {"kick something", "side kick", "kick and punch"})
    assert page["compete-count"].text == "3 of 48"


def test_a_model_whose_classes_all_have_clips_is_introduced_in_one_clause(browser):
    recognizer = FakeRecognizer()
    for label in set(recognizer.classes) - set(recognizer.seen_classes):
        recognizer.remove_class(label)
    with running(recognizer) as address:
        page = Page(browser, address)
        assert "It ranks 40 actions that it was trained on. You can add more below." in page["lead"].text
