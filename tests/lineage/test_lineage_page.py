"""The lineage page in a real browser, opened from disk as a user opens it."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from refi_assets.lineage.columns import lineage_graph, lineage_page

EVIL = "</script><script>window.harmed = true</script><img src=x onerror='window.harmed = true'>"


@pytest.fixture
def open_page(browser, tmp_path):
    """Open a page from disk; afterwards: it asked for nothing else and complained of nothing."""
    page = browser.new_page(viewport={"width": 1680, "height": 1000})
    page.set_default_timeout(60_000)
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    file = tmp_path / "lineage.html"

    def load(html, link=""):
        file.write_text(html, encoding="utf-8")
        page.goto(file.as_uri() + link)
        return page

    yield load
    assert asked == [file.as_uri()]
    assert complaints == []
    page.close()


def in_map(page, relation: str, name: str):
    """The button of a column, or of a table where both names are the same."""
    table = page.locator(".table").filter(has=page.get_by_role("heading", name=relation, exact=True))
    return table.get_by_role("button", name=name, exact=True)


def test_a_click_on_a_column_marks_what_it_is_made_of_and_what_it_goes_into(open_page):
    page = open_page(lineage_page(lineage_graph().values()))
    groups = ["SOURCE FILES", "STAGING", "IDENTITY", "REFI", "ACTIVATION"]
    assert [group for group in page.locator(".group > h2").all_inner_texts() if group in groups] == groups

    in_map(page, "audience_file", "rate_spread").click()

    expect(in_map(page, "audience_file", "rate_spread")).to_have_class("chosen")  # the browser tells of it later
    assert page.url.endswith("#audience_file.rate_spread")
    marked = page.locator("#map button.upstream").all_inner_texts()
    assert sorted(marked) == sorted([*["current_interest_rate", "market_rate_offer"] * 2, *["rate_spread"] * 4])
    for relation, column in (
        ("loan_information.csv", "current_interest_rate"),
        ("market_equity.csv", "market_rate_offer"),
    ):
        assert in_map(page, relation, column).get_attribute("class") == "upstream"
    assert page.locator("svg path.upstream").count() == 8
    details = page.get_by_role("complementary").inner_text()
    assert "loan.current_interest_rate - market.market_rate_offer" in details
    assert "Current rate less the market's offer, in percentage points." in details
    assert "loan_information.csv.current_interest_rate\nDECIMAL(9,6), percent" in details

    in_map(page, "loan_information.csv", "current_interest_rate").click()
    expect(in_map(page, "audience_file", "rate_spread")).to_have_class("downstream")
    assert page.locator("#map button.upstream").count() == 0
    page.keyboard.press("Escape")
    expect(page.locator("#map button[class]")).to_have_count(0)


def test_every_edge_is_drawn_from_column_to_column(open_page):
    page = open_page(lineage_page(lineage_graph().values()), "#unified_refi_dataset.property_id")
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
    drawn = [path.get_attribute("d") for path in page.locator("svg path").all()]
    ends = [[float(number) for number in re.findall(r"-?[\d.]+", path)] for path in drawn]
    found = sorted((*one[:2], *one[-2:]) for one in ends)
    assert [number for one in found for number in one] == pytest.approx(
        [number for one in sorted(expected) for number in one], abs=0.01
    )


def test_a_link_leads_to_its_column_and_the_keyboard_goes_on_from_there(open_page):
    page = open_page(lineage_page(lineage_graph().values()), "#refi_audience.name")

    assert page.get_by_role("complementary").get_by_role("heading").first.inner_text() == "refi_audience.name"
    assert in_map(page, "refi_audience", "name").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="borrower_information.last_name", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**#borrower_information.last_name")
    assert in_map(page, "borrower_information", "last_name").evaluate("button => button === document.activeElement")
    page.go_back()
    page.wait_for_url("**#refi_audience.name")
    assert in_map(page, "refi_audience", "name").get_attribute("aria-pressed") == "true"


def test_a_click_on_a_table_shows_what_it_is_and_its_sql(open_page):
    page = open_page(lineage_page(lineage_graph().values()))

    in_map(page, "refi_audience", "refi_audience").click()

    told = "The persons who should hear about a refinance"
    expect(page.get_by_role("complementary")).to_contain_text(told)
    details = page.get_by_role("complementary").inner_text()
    assert "FROM refi.refi_eligibility AS judged" in details
    assert in_map(page, "unified_refi_dataset", "unified_refi_dataset").get_attribute("class") == "upstream"


@pytest.mark.parametrize("link", ["#nothing.here", "#%", "#__proto__"])
def test_a_link_to_nothing_chooses_nothing(open_page, link):
    tables = lineage_graph().values()
    page = open_page(lineage_page(tables), link)
    assert page.locator("#map button[class]").count() == 0
    columns = sum(len(table.columns) for table in tables)
    assert page.get_by_role("complementary").inner_text() == f"{len(tables)} tables with {columns} columns."


def test_a_description_is_text_whatever_stands_in_it(open_page):
    graph = lineage_graph()
    file = graph["market_equity.csv"]
    column = replace(file.columns["ltv_ratio"], description=EVIL, rule=EVIL, expression=EVIL, sql_type=EVIL)
    columns = {EVIL: replace(column, column=EVIL), "ltv_ratio": column}
    evil = replace(file, description=EVIL, sql=EVIL, group=EVIL, asset=EVIL, columns=columns)

    page = open_page(lineage_page([evil]), "#market_equity.csv.ltv_ratio")
    assert page.get_by_role("complementary").inner_text().count(EVIL) == 4
    heading = page.get_by_role("complementary").get_by_role("heading").first
    in_map(page, "market_equity.csv", "market_equity.csv").click()
    expect(heading).to_have_text("market_equity.csv")
    page.get_by_role("button", name=EVIL, exact=True).click()

    expect(heading).to_have_text(f"market_equity.csv.{EVIL}", use_inner_text=True)
    assert page.evaluate("window.harmed") is None
