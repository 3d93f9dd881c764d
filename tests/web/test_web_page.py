"""What becomes of a clip on the page. Skipped where Chromium or its driver is not installed."""

import pytest
from selenium.webdriver.common.by import By
from web_page import Page, in_chromium
from web_recognizer import ALL, FakeRecognizer
from web_server import npy_bytes, npz_bytes, running, two_bodies

from gzssar.errors import ConfigError
from gzssar.web.limits import Limits

pytestmark = in_chromium

_SPEAKS_OF_NOBODY_ELSE = "return performance.getEntriesByType('resource').map(one => one.name)"


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
    assert page["answer-empty"].text == "There is no answer, because the clip cannot be read."
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
        ("photo.png", b"\x89PNG\r\n" + bytes(50), "looks like a PNG picture"),
        ("many.npz", npz_bytes(clips=3), "holds 3 clips"),
        ("<img src=x>.csv", b"a,b\n", "<img src=x>.csv should hold a skeleton clip"),
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


def test_the_gate_is_shown_where_it_was_asked(browser, page):
    page.sample("hand waving")
    assert page["gate"].is_displayed()
    assert "Probability of a seen action" in page["live"].get_attribute("textContent")
    with running(FakeRecognizer(seen=frozenset(ALL))) as address:
        page = Page(browser, address)
        page.sample("hand waving")
        assert not page["gate"].is_displayed()
        assert "Probability of a seen action" not in page["live"].get_attribute("textContent")


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


def test_dropping_a_file(page):
    page.browser.execute_script(
        "const data = new DataTransfer(); data.items.add(new File(['no clip'], 'dropped.txt'));"
        "document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }))"
    )
    page.wait(lambda: "dropped.txt should hold a skeleton clip" in page["clip-error"].text)


def test_a_model_that_abstains_or_fails_and_has_no_samples(browser, tmp_path):
    with running(FakeRecognizer(synthetic=False, card=""), samples={}) as address:
        page = Page(browser, address)
        assert not page["synthetic"].is_displayed()
        assert not page["samples-box"].is_displayed()
        assert not page["about"].is_displayed()
        page.upload(tmp_path, "unlike.npz", npz_bytes())
        page.wait(lambda: page["top-label"].text.startswith("Perhaps "))
        assert "The model is not sure" in page["top-note"].text

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
