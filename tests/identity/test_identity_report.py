"""The report on a matching: its figures, its gaps, and that it needs nothing else."""

import re
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

from refi_assets.identity.report import report_html


def a_model(**changed: Any) -> dict[str, Any]:
    levels = [
        {"label": "different", "m": 0.125, "u": 0.5, "weight": -2.0},
        {"label": "the same", "m": 0.8, "u": 0.1, "weight": 3.0},
    ]
    return {
        "records": 5,
        "compared_pairs": 10,
        "prior": 0.2,
        "prior_weight": -2.0,
        "expected_pairs": 2.0,
        "iterations": 7,
        "has_families": False,
        "is_shipped": False,
        "rules": [{"on": ["email"], "pairs": 4}],
        "refused": [{"on": ["city", "surname"], "pairs": 123456789}],
        "comparisons": [{"name": "surname", "levels": levels}],
        **changed,
    }


PAIRS = pd.DataFrame({"match_weight": [8.0, 1.0, -1.0], "match_probability": [256 / 257, 2 / 3, 1 / 3]})
CLUSTERS = pd.DataFrame({"cluster_size": [2, 2, 1, 20, *[20] * 19]})  # of 23 records: 3 persons
SPLITS = [
    {"record_1": 4711, "record_2": 4712, "probability": 0.97, "reason": "different national ids"},
    {"record_1": 4713, "record_2": 4714, "probability": 0.99, "reason": "different national ids"},
]


def page(model: dict[str, Any], pairs: pd.DataFrame = PAIRS, title: str = "Who is who") -> str:
    return report_html(model, pairs, CLUSTERS, {"match": 0.9, "review": 0.5}, SPLITS, title)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words += data.split()


def text(html: str) -> str:
    parser = _Text()
    parser.feed(html)
    return " ".join(parser.words)


def test_the_page_shows_the_figures() -> None:
    shown = text(page(a_model()))
    for figure in (
        "Persons 3 ",
        "Two random records match 1 in 5 (-2.00 bits)",
        "estimated from the data, in 7 rounds",
        "Match threshold 90 %: 1 pairs",
        "Review threshold 50 %: 2 pairs",
        "surname the same +3.00 80 % 10 % different -2.00 12.5 % 50 %",
        "email in force 4 city and surname refused 123,456,789",
        "1 1 2 1 more than 15, up to 20 1",
        "different national ids 2 99 %",
    ):
        assert figure in shown


def test_expected_precision_and_recall_are_derived_from_the_probabilities() -> None:
    """At the lowest threshold all three pairs are links, of which 256/257 + 2/3 + 1/3 are expected to be right."""
    precision, recall, f1, links = re.findall(r'<polyline class="\w*" points="([^"]+)"', page(a_model()))
    top, bottom = (float(line) for line in (recall.split()[0].split(",")[1], "196"))
    assert top == 18.0, "recall is 1 if all pairs are links"

    def share(curve: str) -> float:
        return (bottom - float(curve.split(maxsplit=1)[0].split(",")[1])) / (bottom - top)

    right = 256 / 257 + 1
    assert share(precision) == pytest.approx(right / 3, abs=0.001)
    assert share(f1) == pytest.approx(2 * right / (3 + right), abs=0.001)
    assert share(links) == pytest.approx(1.0)


def test_an_unknown_share_of_unlinkable_records_is_left_out() -> None:
    assert "Unlinkable" not in page(a_model())
    assert "Unlinkable records 2.5 %" in text(page(a_model(unlinkable_share=0.025)))


def test_the_page_says_if_shipped_parameters_decided_and_families_were_found() -> None:
    shown = text(page(a_model(is_shipped=True, has_families=True)))
    assert "shipped, since there are too few matches" in shown
    assert "found: records with different given names or births do not match" in shown


def test_values_taken_as_missing_are_listed_by_attribute_and_reason():
    assert "There is no such value." in page(a_model())
    email = {"attribute": "email", "reason": "stands for nothing", "values": 2, "records": 1234}
    assert "attribute reason values records email stands for nothing 2 1,234" in text(
        page(a_model(placeholders=[email]))
    )


def test_the_page_needs_no_other_file_and_contains_nobodys_data() -> None:
    html = page(a_model(), title='<script>alert("x")</script>')
    assert "<script" not in html
    assert "default-src 'none'" in html
    assert "http://" not in html
    assert "https://" not in html
    assert "4711" not in html


@pytest.mark.parametrize("rows", [0, 1])
def test_a_report_on_no_pair_or_one_pair_is_complete(rows: int) -> None:
    html = page(a_model(rules=[], refused=[]), PAIRS[:rows])
    assert "nan" not in html.lower()
    assert ("No pair was kept." in html) == (rows == 0)
    assert "compared with every other" in html
