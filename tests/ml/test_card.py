"""The model card: its figures, its gaps, and that it shows untrusted text as text."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from markdown_it import MarkdownIt

from refi_assets.ml.beside import LibraryComparison
from refi_assets.ml.card import card_html, card_markdown, markdown_line, markdown_text
from refi_assets.ml.card_data import FeatureText
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.importance import FeatureImportance
from refi_assets.ml.trees import Trees
from tests.support.model_cards import INPUT, MINIMAL_CARD, SCALE, a_full_card

EVIL = "$body ${title} <script>alert(1)</script> | [x](javascript:alert(2)) ![y](http://z/) **b** _i_ `c` &lt; \\ \n# h"
SHOWN = "$body ${title} <script>alert(1)</script> | [x](javascript:alert(2)) ![y](http://z/) **b** _i_ `c` &lt; \\ # h"


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, _: Any) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.words += data.split()


def read(html: str) -> tuple[str, list[str]]:
    """The text of a page, and its tags."""
    page = _Page()
    page.feed(html)
    return " ".join(page.words), page.tags


def test_the_page_shows_the_figures() -> None:
    text, _ = read(card_html(a_full_card()))
    for figure in (
        "Model card: delay, version 7 Who pays late.",
        "Kind logistic regression Code version abc123",
        "Limits: Not for new customers.",
        "relation ml/delay_features rows 100 SHA-256 f00d",
        "payment_delay Worst delay of 12 months. days number rises",
        "roc_auc 0.8123 0.790 to 0.830 0.8456 brier 0.1000 0.0900",
        "scikit-learn 0.812346 0.790 to 0.830 PySpark 0.812344 0.790 to 0.830 difference -0.000001 -0.001 to 0.002",
        "By branch",
        "2024-02 100 0.250 (0.175 to 0.343) 0.3000 1.0000",
        "yes warn 339 0.717 (0.667 to 0.762) 0.7899 0.738 to 0.846 3.8733 2.2e-19",
        "Refused.",
        "brier does not hold The Brier score is worse.",
        "of 100, at a threshold of 0.4: 3 rows are newly selected, 4 newly refused.",
        "payment_delay 0.2500 0.0100",
        "lift.svg could not be drawn: ValueError.",
        '"payment_delay": "number"',
    ):
        assert figure in text


def test_a_comparison_that_was_not_measured_says_why() -> None:
    assert "The model does not ask for it." in card_markdown(MINIMAL_CARD)
    card = replace(MINIMAL_CARD, comparison=LibraryComparison(not_measured="Spark needs the package pyspark."))
    assert "It was not measured: Spark needs the package pyspark." in card_markdown(card)


def test_the_scorecards_points_are_listed_by_bin() -> None:
    """By hand: odds of 30 are 600 points; half and twice the odds are 20 points more and less."""
    text, _ = read(card_html(MINIMAL_CARD))
    assert "payment_delay to 30 70.0 % -0.693 620 payment_delay above 30 28.0 % +0.693 580" in text
    assert "payment_delay missing 2.0 % +0.000 600" in text


def test_a_model_of_trees_has_no_points() -> None:
    model = FittedModel("random_forest", Trees((INPUT,), None), (0.0, 1.0), SCALE)
    assert "This model has no points." in card_markdown(replace(MINIMAL_CARD, model=model))


def test_a_card_with_gaps_says_so() -> None:
    markdown = card_markdown(MINIMAL_CARD)
    assert "version not registered" in markdown
    assert "This version has not been judged yet." in markdown
    assert markdown.count("There is none.") >= 6
    assert "None" not in re.sub(r"None(\.| is declared\.)", "", markdown)
    assert "nan" not in markdown


def test_markdown_and_page_show_untrusted_text_as_it_is() -> None:
    card = a_full_card(
        name=EVIL,
        description=EVIL,
        intended_use=EVIL,
        use_limits=[EVIL],
        data={EVIL: EVIL},
        features={"payment_delay": FeatureText(EVIL, EVIL)},
        notes=[EVIL],
        parameters={EVIL: EVIL},
        importances=[FeatureImportance(EVIL, 0, 0)],
        screens={EVIL: a_full_card().screens["sex"]},
    )
    text, tags = read(card_html(card))
    assert text.count(SHOWN) == 12  # once for each above, twice for facts, texts, and the title
    trusted = read(card_html(a_full_card()))[1]
    assert set(tags) == set(trusted)
    assert tags.count("img") == 1
    assert tags.count("h1") == 1


@pytest.mark.parametrize(
    "text",
    [
        *("# 1", "- a", "+ a", "1. a", "12) a", "---", "===", "a_b_c", "_a_", "a | b", "```", "~~~", "2024-01 -0.5"),
        *("<b>", "&amp;", "<https://a.b>", "[a]: /b", "> a", "a #"),
    ],
)
def test_a_text_is_shown_as_it_is_in_a_line_a_heading_and_a_cell(text: str) -> None:
    renderer = MarkdownIt("commonmark").enable("table")
    line, heading = renderer.render(markdown_line(text)), renderer.render(f"# {markdown_text(text)}")
    cell = renderer.render(f"| a |\n| --- |\n| {markdown_text(text)} |")
    assert re.fullmatch("<p>[^<]*</p>\n", line)
    assert re.fullmatch("<h1>[^<]*</h1>\n", heading)
    assert (read(line)[0], read(heading)[0], read(cell)[0]) == (text, text, f"a {text}")


def test_the_page_needs_nothing_else() -> None:
    html = card_html(a_full_card())
    assert "<script" not in html
    assert "default-src 'none'" in html
    assert re.findall(r'(?:src|href)="([a-z]+):', html) == ["data", "data"]
    assert "![roc](plots/roc.svg)" in card_markdown(a_full_card())
