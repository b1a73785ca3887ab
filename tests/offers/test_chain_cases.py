"""The product's own SQL gives every customer made by hand the verdict and the offer of the tables.

What must become of each is in chain_cases.py and offer_cases.py, written from the rules and computed by no program.
"""

from decimal import Decimal

import pytest

from tests.offers.cases import CASES
from tests.offers.judged_cases import Judged, judged_by_sql
from tests.offers.made_customers import LENIENT, OFFER, SCORE, STRICT
from tests.support.sources import Sources


@pytest.fixture(scope="module", params=[STRICT, LENIENT])
def judged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Judged]:
    folder = tmp_path_factory.mktemp("cases")
    (folder / "files").mkdir()
    return request.param, judged_by_sql(Sources(folder), folder / "files", request.param, CASES[request.param])


def test_the_codes_of_each_filter_are_those_of_the_table(judged):
    program, product = judged
    expected = {case.customer_id: case.failed for case in CASES[program] if not case.quarantined}
    assert product.failed.keys() == expected.keys()
    wrong = {name: (product.failed[name], codes) for name, codes in expected.items() if product.failed[name] != codes}
    assert wrong == {}


def test_filters_are_in_the_order_of_the_table(judged):
    program, product = judged
    for case in CASES[program]:
        if not case.quarantined:
            assert list(product.failed[case.customer_id]) == list(case.failed), case.customer_id


def test_the_verdict_is_the_first_filter_its_first_code_and_all_codes(judged):
    program, product = judged
    for case in CASES[program]:
        if not case.quarantined:
            expected = {
                "customer_id": case.customer_id,
                "first_filter": next(iter(case.failed), None),
                "first_reason": next(iter(case.reasons), None),
                "reasons": "|".join(case.reasons) or None,
            }
            assert product.verdicts[case.customer_id] == expected


def test_every_case_has_the_offer_of_the_table(judged):
    program, product = judged
    assert product.offers.keys() == {case.customer_id for case in CASES[program] if case.offer}
    for case in CASES[program]:
        for column, text in case.offer.items():
            term = product.offers[case.customer_id][column]
            is_equal = term == Decimal(text) if isinstance(term, Decimal | int) else str(term) == text
            assert is_equal, (case.customer_id, column, term)


def test_counts_are_those_of_the_table(judged):
    program, product = judged
    accepted = [case for case in CASES[program] if not case.quarantined]
    expected: dict[str, int] = {}
    for case in accepted:
        for place, (filter_id, codes) in enumerate(case.failed.items()):
            names = [f"alone: {filter_id}", *(f"reasons: {filter_id}: {code}" for code in codes)]
            for name in [*names, f"in_sequence: {filter_id}"] if place == 0 else names:
                expected[name] = expected.get(name, 0) + 1
    assert product.counts == expected
    in_sequence = sum(count for name, count in product.counts.items() if name.startswith("in_sequence"))
    assert len(product.offers) + in_sequence == len(accepted)
    assert all(
        product.counts[f"alone: {late}"] == product.counts[f"in_sequence: {late}"]
        for late in (SCORE, OFFER)
        if f"alone: {late}" in product.counts
    )
