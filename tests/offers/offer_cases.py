"""Customers made by hand for scores, offers, persons with several records, and a second, lenient program.

The programs and the states are in cases.py.
"""

from typing import Any

from tests.offers.made_customers import (
    CLOSED,
    CREDIT,
    ELIGIBILITY,
    LENIENT,
    OFFER,
    SCORE,
    STRICT,
    TRUST,
    CaseTable,
)

_table = CaseTable()
stopped, offered = _table.stopped, _table.offered


# --- Scores -----------------------------------------------------------------------------------------------------------
def _scored(likelihood: str = "0.900000", default_probability: str = "0.020000") -> dict[str, Any]:
    return {"approval_likelihood": likelihood, "default_probability": default_probability}


_AMOUNTS = {"excellent": "50000", "good": "30000", "fair": "15000"}
for _likelihood, _band in {
    "1": "excellent",
    "0.8": "excellent",
    "0.7999995": "excellent",
    "0.7999994": "good",
    "0.799999": "good",
    "0.6": "good",
    "0.5999995": "good",
    "0.599999": "fair",
    "0.4": "fair",
    "0.3999995": "fair",
}.items():
    _terms = {"credit_tier": "excellent", "score_band": _band}
    offered(f"likelihood-{_likelihood}", _band, _AMOUNTS[_band], _terms, _scored(_likelihood))
for _likelihood in ("0.3999994", "0.399999", "0"):
    stopped(f"likelihood-{_likelihood}", (SCORE, "score_below_min"), more=_scored(_likelihood))
for _probability in ("0", "0.08", "0.0800004"):
    offered(f"default-{_probability}", more=_scored(default_probability=_probability))
for _probability in ("0.0800005", "0.080001", "1"):
    stopped(f"default-{_probability}", (SCORE, "default_risk_above_max"), more=_scored("0.9", _probability))
stopped("score-both", (SCORE, "score_below_min", "default_risk_above_max"), more=_scored("0.2", "0.5"))
offered(  # a model never raises a tier
    "tier-of-the-segment",
    "good",
    "30000",
    terms={"credit_tier": "good", "score_band": "excellent"},
    more=_scored("0.99"),
    credit_score="700",
)
offered(
    "tier-of-the-band",
    "fair",
    "15000",
    terms={"credit_tier": "good", "score_band": "fair", "monthly_payment": "466.59"},
    more=_scored("0.5"),
    credit_score="700",
)

# --- Offers: the final tier's terms -----------------------------------------------------------------------------------
offered(  # 40 a month are left: 1,600 USD at 6.5 % over 48 months in the chain, 1,200 at 7.5 % over 36 in the offer
    "amount-of-the-final-tier",
    "fair",
    "1200",
    terms={"credit_tier": "good", "score_band": "fair", "monthly_payment": "37.33"},
    more=_scored("0.5"),
    income="24000",
    debt_to_income_ratio="0.41",
    credit_score="690",
)
offered(
    "amount-of-the-same-tier",
    "good",
    "1600",
    terms={"monthly_payment": "37.94"},
    income="24000",
    debt_to_income_ratio="0.41",
    credit_score="690",
)
_LITTLE = {"income": "24000", "debt_to_income_ratio": "0.418", "credit_score": "690"}  # 24 a month are left
offered("amount-of-the-segment", "good", "1000", **_LITTLE)  # 23.71 a month; in the fair tier it is 31.11
stopped("offer-amount-below-min", (OFFER, "amount_below_min"), more=_scored("0.5"), **_LITTLE)
offered("cap-of-the-segment", state="OR")
stopped("offer-cap", (OFFER, "state_rate_cap"), more=_scored("0.7"), state="OR")
stopped("offer-covered", (OFFER, "covered_borrower"), more=_scored("0.7"), covered_borrower="true")
stopped("offer-covered-empty", (OFFER, "covered_borrower_missing"), more=_scored("0.7"), covered_borrower="")
stopped(
    "offer-cap-and-covered",
    (OFFER, "state_rate_cap", "covered_borrower"),
    more=_scored("0.7"),
    state="OR",
    covered_borrower="true",
)
stopped("score-before-offer", (SCORE, "default_risk_above_max"), more=_scored("0.7", "0.3"), state="OR")

_OPTED_OUT = (ELIGIBILITY, "opted_out")

# --- Several records of one person ------------------------------------------------------------------------------------
_OTHER = (OFFER, "other_record_chosen")
_SMALL = {"income": "1146.00", "debt_to_income_ratio": "0.23"}


def _of(person: str, **more: Any) -> dict[str, Any]:
    return {"person": person, **more}


offered("tier-first-a", "excellent", "1000", more=_of("tier-first"), **_SMALL)
stopped("tier-first-b", _OTHER, more=_of("tier-first"), credit_score="700")  # 30,000, but a worse tier
stopped("amount-next-a", _OTHER, more=_of("amount-next"), **_SMALL)
offered("amount-next-b", more=_of("amount-next"))
offered("bytes-last-B", more=_of("bytes-last"))
stopped("bytes-last-a", _OTHER, more=_of("bytes-last"))
stopped("bytes-last-é", _OTHER, more=_of("bytes-last"))
stopped("final-tier-a", _OTHER, more=_of("final-tier") | _scored("0.5"))
offered("final-tier-b", "good", "30000", more=_of("final-tier"), credit_score="700")
stopped("stopped-record-a", (TRUST, "identity_unverified"), more=_of("stopped-record"), identity_verified="false")
offered("stopped-record-b", "good", "30000", more=_of("stopped-record"), credit_score="700")
stopped("stopped-by-score-a", (SCORE, "score_below_min"), more=_of("stopped-by-score") | _scored("0.1"))
offered("stopped-by-score-b", "fair", "15000", more=_of("stopped-by-score") | _scored("0.45"))
stopped("stopped-by-offer-a", (OFFER, "state_rate_cap"), more=_of("stopped-by-offer") | _scored("0.7"), state="OR")
offered("stopped-by-offer-b", "good", "30000", more=_of("stopped-by-offer"), credit_score="700")
stopped("one-no-a", _OPTED_OUT, more=_of("one-no"))
stopped("one-no-b", _OPTED_OUT, more=_of("one-no", preferences=({"do_not_contact": "true"},)))
stopped("no-common-channel-a", _OPTED_OUT, more=_of("no-common", preferences=(CLOSED | {"email_opt_out": "false"},)))
stopped("no-common-channel-b", _OPTED_OUT, more=_of("no-common", preferences=(CLOSED | {"sms_consent": "true"},)))
offered("common-channel-a", more=_of("common", preferences=(CLOSED | {"email_opt_out": "false"},)))
stopped("common-channel-b", _OTHER, more=_of("common", preferences=({"sms_consent": "false"},)))
stopped("no-row-of-one-a", _OPTED_OUT, more=_of("no-row-of-one"))
stopped("no-row-of-one-b", _OPTED_OUT, more=_of("no-row-of-one", preferences=()))
stopped("offered-to-one-a", (ELIGIBILITY, "offered_within_days"), more=_of("to-one", history=((STRICT, 45),)))
stopped("offered-to-one-b", (ELIGIBILITY, "offered_within_days"), more=_of("to-one"))
stopped("heard-by-one-a", (ELIGIBILITY, "offered_within_days"), more=_of("by-one"))
stopped("heard-by-one-b", (ELIGIBILITY, "offered_within_days"), more=_of("by-one", log=((STRICT, 45),)))

# --- The lenient program: another order, checks switched off, e-mail only, see cases.py -----------------------
_LENIENT: dict[str, Any] = {"program": LENIENT}
offered("lenient-base", amount="50050", more=_LENIENT)
stopped(
    "lenient-order",
    (ELIGIBILITY, "opted_out"),
    (CREDIT, "too_many_loans"),
    (TRUST, "identity_unverified"),
    more=_LENIENT | {"preferences": ()},
    identity_verified="false",
    existing_loans="3",
)
_ROOM = {"debt_to_income_ratio": "0.23"}  # .2 of the income remains, that is income / 60 a month
offered("lenient-steps-of-100", amount="50000", more=_LENIENT, income="57390.00", **_ROOM)  # 956.50; 50,100: 956.97
offered("lenient-highest-exactly", amount="50050", more=_LENIENT, income="57418.20", **_ROOM)  # 956.97
offered("lenient-income-variation", amount="50050", more=_LENIENT, income_variation="9")
offered("lenient-income-variation-empty", amount="50050", more=_LENIENT, income_variation="")
offered("lenient-employment", amount="50050", more=_LENIENT, employment_status="unemployed")
offered("lenient-employment-empty", amount="50050", more=_LENIENT, employment_status="")
offered("lenient-state", amount="50050", more=_LENIENT, state="VT")
offered("lenient-state-empty", amount="50050", more=_LENIENT, state="")
offered("lenient-covered", "good", "30000", more=_LENIENT, credit_score="700", covered_borrower="true")
offered("lenient-covered-empty", "good", "30000", more=_LENIENT, credit_score="700", covered_borrower="")
stopped("lenient-sms-only", _OPTED_OUT, more=_LENIENT | {"preferences": (CLOSED | {"sms_consent": "true"},)})
offered("lenient-three-months", amount="50050", more=_LENIENT, payment_history="0001")
stopped("lenient-two-months", (CREDIT, "payment_history_short"), more=_LENIENT, payment_history="00")
stopped("lenient-29-days", (ELIGIBILITY, "offered_within_days"), more=_LENIENT | {"history": ((LENIENT, 29),)})
offered("lenient-30-days", amount="50050", more=_LENIENT | {"history": ((LENIENT, 30),)})
offered("lenient-fair-segment", "fair", "15000", more=_LENIENT, credit_score="640")
stopped("lenient-no-segment", (SCORE, "no_segment"), more=_LENIENT, credit_score="639")
stopped(
    "lenient-no-segment-all",
    (SCORE, "no_segment", "score_below_min", "default_risk_above_max"),
    more=_LENIENT | _scored("0.3", "0.09"),
    credit_score="600",
)
stopped("lenient-599", (CREDIT, "credit_score_below_min"), more=_LENIENT, credit_score="599")

OFFER_CASES = tuple(_table.cases)
