"""The page of a model card in a real browser."""

from refi_assets.ml.card import card_html
from tests.support.model_cards import a_full_card


def test_a_browser_shows_the_pictures_and_logs_nothing(browser, tmp_path) -> None:
    file = tmp_path / "card.html"
    file.write_text(card_html(a_full_card()), encoding="utf-8")
    page, messages = browser.new_page(), []
    page.on("console", lambda message: messages.append(message.text))
    page.goto(file.as_uri())
    picture = page.get_by_role("img", name="roc")
    assert picture.evaluate("img => img.complete && img.naturalWidth") == 390
    assert page.get_by_role("table").count() >= 10
    assert messages == []
    page.close()
