"""Answers about offers, joint loans and consent, of a run whose files were written by hand."""

import pytest

from refi_assets.cli import answers
from refi_assets.publishing.published import PublishedRun
from refi_assets.refi.diff import policy_changes
from refi_assets.refi.explain import BorrowerExplanation, explain_borrower
from refi_assets.refi.policy import load_refi_policy
from tests.support.lender import Rows, lender, write
from tests.support.policy_files import changed_policy
from tests.support.running import ingest, run_job


def odd_loans() -> Rows:
    """Forty borrowers, ten of them eligible, with a joint loan, offers of others, and answers that are missing."""
    rows = lender(eligible=10)
    loans = {row["borrower_id"]: row for row in rows["loan_information"]}
    market = {row["property_id"]: row for row in rows["market_equity"]}
    for loan in rows["loan_information"]:
        loan |= {"loan_status": "Current", "lien_position": "1"}
    for offer in rows["market_equity"]:
        offer |= {"product": "30Y", "offered_by": "own"}
    # B008 also owes the loan of B007; the home of B009 has three offers, that of B021 only one, by another lender.
    loans["B008"] |= {**loans["B007"], "borrower_id": "B008"}
    for loan in rows["loan_information"]:
        loan["property_id"] = "P007" if loan["loan_id"] == "L007" else ""
    rows["market_equity"].append({**market["P009"], "product": "15Y", "monthly_savings_est": "-10.00"})
    rows["market_equity"].append({**market["P009"], "offered_by": "Rival Bank", "market_rate_offer": "4.5"})
    market["P021"] |= {"offered_by": "Rival Bank"}
    loans["B022"] |= {"current_interest_rate": "6.5", "loan_status": "Paid off"}
    loans["B023"] |= {"current_interest_rate": "6.5", "lien_position": "2"}
    market["P023"]["monthly_savings_est"] = "-1.00"
    engagement = {row["borrower_id"]: row for row in rows["borrower_engagement"]}
    engagement["B002"]["sms_opt_in"] = "false"
    engagement["B003"]["sms_opt_in"] = ""
    engagement["B004"]["sms_opt_in"] = "perhaps"
    rows["borrower_engagement"].remove(engagement["B005"])
    return rows


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> PublishedRun:
    folder = tmp_path_factory.mktemp("offers")
    ingest(folder / "lake", write(odd_loans(), folder / "source"))
    assert run_job(folder / "lake").success
    return answers.open_run(str(folder / "lake"))


def only_loan(explanation: BorrowerExplanation):
    (loan,) = explanation.loans
    return loan


@pytest.mark.parametrize(
    ("borrower_id", "broken", "changes"),
    [
        ("B022", [("loan_state", "not paid off", False)], "the loan is not paid off"),
        (
            "B023",
            [("monthly_savings_est", "at least 0 USD", False), ("lien_position", "1", False)],
            "the monthly saving is 0 USD or above and the loan is the first lien on the home",
        ),
    ],
)
def test_other_rules_are_shown_if_they_are_broken(run, borrower_id, broken, changes):
    loan = only_loan(explain_borrower(run, borrower_id))
    assert [(rule.name, rule.limit, rule.passed) for rule in loan.rules[2:]] == broken
    assert loan.eligible_when == f"eligible when {changes}, all else equal"


def test_the_letter_of_a_joint_loan_goes_to_one_borrower(run, capsys):
    explanation = explain_borrower(run, "B008")
    loan = only_loan(explanation)
    assert (explanation.in_audience, loan.is_eligible, loan.letter_to) == (False, True, "B007")
    assert (explain_borrower(run, "B007").in_audience, only_loan(explain_borrower(run, "B007")).letter_to) == (
        True,
        None,
    )
    answers.show_explanation(run, "B008", as_json=False)
    assert "Eligible, but the letter of this loan goes to B007." in capsys.readouterr().out


def test_all_offers_for_a_home_are_shown_with_their_verdicts(run, capsys):
    offers = explain_borrower(run, "B009").offers
    assert [(offer.product, offer.offered_by, offer.is_taken, offer.reasons) for offer in offers] == [
        ("30Y", "own", True, ()),
        ("15Y", "own", False, ("savings_below_min",)),
        ("30Y", "Rival Bank", False, ()),
    ]
    answers.show_explanation(run, "B009", as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("Offer ")] == [
        "Offer for L009: own, 30Y, 5.000000 %, saves 109.00: taken.",
        "Offer for L009: own, 15Y, 5.000000 %, saves -10.00: savings_below_min.",
        "Offer for L009: Rival Bank, 30Y, 4.500000 %, saves 109.00: not own.",
    ]


def test_a_home_with_only_other_lenders_offers_is_explained(run, capsys):
    explanation = explain_borrower(run, "B021")
    assert (explanation.unmatched, explanation.loans) == ("no_own_offer", ())
    assert [(offer.offered_by, offer.is_own, offer.is_taken) for offer in explanation.offers] == [
        ("Rival Bank", False, False)
    ]
    answers.show_explanation(run, "B021", as_json=False)
    assert "only other lenders make offers for its home" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("borrower_id", "opt_in", "answer", "sentence"),
    [
        ("B001", True, "said_yes", "Text messages: yes; B001 said yes."),
        ("B002", False, "said_no", "Text messages: no; B002 said no."),
        ("B003", False, "no_answer", "Text messages: no; B003 gave no answer."),
        ("B004", False, "quarantined", "Text messages: no; B004 has an engagement row in quarantine."),
        ("B005", False, "no_engagement", "Text messages: no; B005 has no engagement row."),
        ("B011", None, "said_yes", "Text messages: B011 said yes."),
    ],
)
def test_consent_to_text_messages_is_explained(run, capsys, borrower_id, opt_in, answer, sentence):
    explanation = explain_borrower(run, borrower_id)
    assert (explanation.sms_opt_in, explanation.sms_answers) == (opt_in, {borrower_id: answer})
    answers.show_explanation(run, borrower_id, as_json=False)
    assert sentence in capsys.readouterr().out


def test_the_manifest_counts_consent_by_answer(run):
    assert run.manifest["consent"] == {"yes": 5, "said_no": 1, "no_answer": 1, "no_engagement": 2}
    assert run.manifest["counts"]["letter_to_another"] == 1


def test_a_policy_that_sends_each_borrower_a_letter_is_tried_without_a_run(run, tmp_path):
    policy = load_refi_policy(changed_policy(tmp_path, ("letters_per_loan: one", "letters_per_loan: each")))
    moved = policy_changes(run, policy)
    assert [(row["borrower_id"], row["change"], row["moved_by"]) for row in moved] == [("B008", "entered", "policy")]
