"""Teaching by clips on the page. Skipped where Chromium or its driver is not installed."""

from selenium.webdriver.common.keys import Keys
from web_page import Page, in_chromium
from web_server import npz_bytes, running

pytestmark = in_chromium


def teach(page, label):
    page["teach-label"].clear()
    page["teach-label"].send_keys(label)
    page["teach-button"].click()


def test_a_class_is_taught_and_taken_back(page, browser, address, tmp_path):
    assert not page["teach"].is_displayed()  # no clip yet
    page.sample("hand waving")
    page["teach-button"].click()
    assert "A name is needed" in page["teach-error"].text
    teach(page, "greet")
    page.wait(lambda: page["top-label"].text == "greet")
    assert page["top-badge"].text == "taught"
    assert page["top-note"].text == "The model was taught this action here, by 1 clip."
    kinds = "40 that it was trained on, 8 that it knows only from words, and 1 that it was taught here"
    assert f"49 actions: {kinds}." in page["lead"].text
    assert page["teach-label"].get_attribute("value") == ""
    teach(page, "greet")
    page.wait(lambda: "shows 'greet' already" in page["teach-error"].text)

    page.sample("side kick")
    assert not page["teach-error"].is_displayed()
    teach(page, "Greet")  # however it is written
    page.wait(lambda: page["top-label"].text == "greet")
    assert page["top-note"].text == "The model was taught this action here, by 2 clips."
    page.sample("squat down")
    teach(page, "clap")  # the model's own
    page.wait(lambda: page["top-label"].text == "clap")

    browser.refresh()  # the tab keeps it
    page.wait(lambda: len(page.all("#added li")) == 2)
    page.choose("squat down")
    page.wait(lambda: page["top-label"].text == "clap")
    greet, clap = sorted(page.all("#added li"), key=lambda row: "clap" in row.text)
    assert "2 clips" in greet.text
    assert [chip.text for chip in greet.find_elements("css selector", ".chips button")] == [
        "hand waving ×",
        "side kick ×",
    ]
    clap.find_element("css selector", "[aria-label='Take squat down of clap back']").click()
    page.wait(lambda: page["top-label"].text == "squat down")
    page.wait(lambda: len(page.all("#added li")) == 1)
    page.all("#added .chips button")[0].click()
    page.wait(lambda: "1 clip" in page["added"].text and "2 clips" not in page["added"].text)
    page.settled("squat down")
    page.sample("hand waving")  # that clip no longer shows it
    page.all("#added li > button")[0].click()
    page.wait(lambda: not page["added-box"].is_displayed())
    page.wait(lambda: "greet" not in page.ranking())

    assert page.troubles() == []
    page.upload(tmp_path, "short.npz", npz_bytes(frames=1))
    page.wait(lambda: "short.npz" in page["facts"].text and page.ranking())
    page["teach-label"].send_keys("bow", Keys.ENTER)
    page.wait(lambda: page["teach-warning"].text == "1 frame: made up")

    browser.switch_to.new_window("tab")  # another visitor
    other = Page(browser, address)
    other.sample("hand waving")
    assert not other["added-box"].is_displayed()
    browser.close()
    browser.switch_to.window(browser.window_handles[0])


def test_what_is_taught_to_everyone(browser):
    with running(shared=True) as address:
        page = Page(browser, address)
        assert "everyone" in page["taught-whose"].get_attribute("textContent")
        page.sample("hand waving")
        teach(page, "bow")
        page.wait(lambda: page["top-label"].text == "bow")
        other = Page(browser, address)
        other.choose("hand waving")
        other.wait(lambda: other["top-label"].text == "bow")
        assert other.all("#added li > button") == []  # a class of the model's own stays
        other.all("#added .chips button")[0].click()
        other.wait(lambda: other["top-label"].text == "hand waving")
