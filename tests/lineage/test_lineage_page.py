"""The lineage page in a real browser, opened from disk as a user opens it."""

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from refi_assets.lineage.graph import lineage_graph, lineage_page

EVIL = "</script><script>window.harmed = true</script><!-- LINEAGE_DATA <img src=x onerror='window.harmed = true'>"


@pytest.fixture
def open_page(browser, tmp_path):
    """Open a page from disk. Afterwards, check that it requested nothing else and logged no error."""
    page = browser.new_page()
    page.set_default_timeout(60_000)
    urls, messages = [], []
    page.on("request", lambda request: urls.append(request.url))
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    file = tmp_path / "lineage.html"

    def load(relations, link="", width=1680):
        page.set_viewport_size({"width": width, "height": 1000})
        file.write_text(lineage_page(relations), encoding="utf-8")
        page.goto(file.as_uri() + link)
        return page

    yield load
    assert urls == [file.as_uri()]
    assert messages == []
    page.close()


@pytest.fixture(scope="module")
def graph():
    return lineage_graph()


def in_map(page: Page, relation: str, name: str) -> Any:
    """The button of a column, or of a table if both names are the same."""
    table = page.locator(".table").filter(has=page.get_by_role("heading", name=relation, exact=True))
    return table.get_by_role("button", name=name, exact=True)


def panel(page: Page) -> Any:
    return page.get_by_role("complementary")


def assert_nothing_is_chosen(page, graph) -> None:
    expect(page.locator("#map button[class]")).to_have_count(0)
    columns = sum(len(table.columns) for table in graph.values())
    assert panel(page).inner_text() == f"{len(graph)} tables with {columns} columns."


def test_a_click_on_a_column_marks_its_sources_and_its_uses(open_page, graph):
    page = open_page(graph.values())
    groups = ["SOURCE FILES", "STAGING", "IDENTITY", "REFI", "ACTIVATION"]
    assert [group for group in page.locator(".group > h2").all_inner_texts() if group in groups] == groups

    in_map(page, "audience_file", "rate_spread").click()

    expect(in_map(page, "audience_file", "rate_spread")).to_have_class("chosen")  # hashchange comes after the click
    assert page.url.endswith("#audience_file.rate_spread")
    upstream = page.locator("#map button.upstream").all_inner_texts()
    assert sorted(upstream) == sorted([*["current_interest_rate", "market_rate_offer"] * 2, *["rate_spread"] * 4])
    for relation, column in (
        ("loan_information.csv", "current_interest_rate"),
        ("market_equity.csv", "market_rate_offer"),
    ):
        assert in_map(page, relation, column).get_attribute("class") == "upstream"
    assert page.locator("svg path.upstream").count() == 8
    details = panel(page).inner_text()
    assert "loan.current_interest_rate - market.market_rate_offer" in details
    assert "Current rate less the market's offer, in percentage points." in details
    assert "loan_information.csv.current_interest_rate\nDECIMAL(9,6), percent" in details

    in_map(page, "loan_information.csv", "current_interest_rate").click()
    expect(in_map(page, "audience_file", "rate_spread")).to_have_class("downstream")
    assert page.locator("#map button.upstream").count() == 0
    page.keyboard.press("Escape")
    assert_nothing_is_chosen(page, graph)


def test_the_page_opens_with_the_first_published_column_that_the_policy_decides(open_page, graph):
    page = open_page(graph.values())
    assert in_map(page, "audience_file", "marketing_category").get_attribute("class") == "chosen"
    assert ":immediate_action_above" in panel(page).inner_text()


def test_without_a_policy_the_page_opens_with_the_first_column(open_page, graph):
    page = open_page([graph["market_equity.csv"]])
    assert in_map(page, "market_equity.csv", next(iter(graph["market_equity.csv"].columns))).get_attribute("class")


COVERED = """buttons => buttons.filter((button) => {
    button.scrollIntoView({block: "nearest", inline: "nearest"});
    const {left, right, top, height} = button.getBoundingClientRect();
    return [left + 2, right - 2].some((x) => document.elementFromPoint(x, top + height / 2) !== button);
}).map((button) => button.textContent)"""


@pytest.mark.parametrize("width", [1280, 1600, 1920])
def test_the_panel_covers_no_column(open_page, graph, width):
    """The map scrolls beside the panel: every column can be seen whole, and the chosen one is in view."""
    page = open_page(graph.values(), width=width)
    chosen = page.locator("#map button.chosen").bounding_box()
    assert 0 <= chosen["x"] < chosen["x"] + chosen["width"] <= panel(page).bounding_box()["x"]
    buttons = page.locator("#map button")
    assert buttons.count() == len(graph) + sum(len(table.columns) for table in graph.values())
    assert buttons.evaluate_all(COVERED) == []


def test_every_edge_is_drawn_from_column_to_column(open_page, graph):
    page = open_page(graph.values(), "#unified_refi_dataset.property_id")
    origin = page.locator("#map").bounding_box()

    def edge(source, target) -> tuple[float, ...]:
        start, end = source.bounding_box(), target.bounding_box()
        return (
            start["x"] + start["width"] - origin["x"], start["y"] + start["height"] / 2 - origin["y"],
            end["x"] - origin["x"], end["y"] + end["height"] / 2 - origin["y"],
        )  # fmt: skip

    steps = ("market_equity.csv", "market_equity", "judged_offer", "unified_refi_dataset")
    expected = [
        edge(in_map(page, source, "property_id"), in_map(page, target, "property_id"))
        for source, target in pairwise(steps)
    ]
    paths = [path.get_attribute("d") for path in page.locator("svg path").all()]
    points = [[float(number) for number in re.findall(r"-?[\d.]+", path)] for path in paths]
    ends = sorted((*numbers[:2], *numbers[-2:]) for numbers in points)
    assert [number for numbers in ends for number in numbers] == pytest.approx(
        [number for numbers in sorted(expected) for number in numbers], abs=0.01
    )


def test_a_link_leads_to_its_column_and_the_keyboard_goes_on_from_there(open_page, graph):
    page = open_page(graph.values(), "#refi_audience.name")

    assert panel(page).get_by_role("heading").first.inner_text() == "refi_audience.name"
    assert in_map(page, "refi_audience", "name").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="borrower_information.last_name", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**#borrower_information.last_name")
    assert in_map(page, "borrower_information", "last_name").evaluate("button => button === document.activeElement")
    page.go_back()
    page.wait_for_url("**#refi_audience.name")
    assert in_map(page, "refi_audience", "name").get_attribute("aria-pressed") == "true"


def test_a_click_on_a_table_shows_its_description_and_its_sql(open_page, graph):
    page = open_page(graph.values())

    in_map(page, "refi_audience", "refi_audience").click()

    expect(panel(page)).to_contain_text(
        "The persons who should hear about a refinance: one row for each eligible person."
    )
    assert "FROM refi.refi_eligibility AS judged" in panel(page).inner_text()
    assert in_map(page, "unified_refi_dataset", "unified_refi_dataset").get_attribute("class") == "upstream"


@pytest.mark.parametrize("link", ["#nothing.here", "#%", "#__proto__"])
def test_a_link_to_an_unknown_column_chooses_nothing(open_page, graph, link):
    page = open_page(graph.values(), link)
    assert_nothing_is_chosen(page, graph)


def test_markup_in_a_description_is_shown_as_text(open_page, graph):
    file = graph["market_equity.csv"]
    column = replace(file.columns["ltv_ratio"], description=EVIL, rule=EVIL, expression=EVIL, sql_type=EVIL)
    columns = {EVIL: replace(column, column=EVIL), "ltv_ratio": column}
    evil = replace(file, description=EVIL, sql=EVIL, group=EVIL, asset=EVIL, columns=columns)

    page = open_page([evil], "#market_equity.csv.ltv_ratio")
    assert panel(page).inner_text().count(EVIL) == 4
    heading = panel(page).get_by_role("heading").first
    in_map(page, "market_equity.csv", "market_equity.csv").click()
    expect(heading).to_have_text("market_equity.csv")
    page.get_by_role("button", name=EVIL, exact=True).click()

    expect(heading).to_have_text(f"market_equity.csv.{EVIL}", use_inner_text=True)
    assert page.evaluate("window.harmed") is None
