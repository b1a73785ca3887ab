"""Customers made by hand for staging and the chain: each rule, limit and order, with the codes of the issue's text.

The program and the states are in cases.py. Scores, offers and persons are in offer_cases.py.
"""

from tests.offers.made_customers import (
    AFFORDABILITY,
    BASE_CELLS,
    CLOSED,
    CREDIT,
    ELIGIBILITY,
    OTHER_PRODUCT,
    REGULATORY,
    SAME_PRODUCT,
    STRICT,
    TRUST,
    UNKNOWN,
    CaseTable,
)

_table = CaseTable()
stopped, offered, quarantined = _table.stopped, _table.offered, _table.quarantined

offered(
    "base",
    terms={
        "credit_tier": "excellent",
        "score_band": "excellent",
        "approval_likelihood": "0.900000",
        "default_probability": "0.020000",
        "note_rate_pct": "5.5",
        "term_months": "60",
        "monthly_payment": "955.06",
        "last_payment": "954.94",
        "origination_fee": "1500.00",
        "amount_financed": "48500.00",
        "finance_charge": "8803.48",
        "total_of_payments": "57303.48",
        "expires_on": "2026-06-07",  # 90 days after 9 March
    },
)

# --- Staging: a bad cell in an R column costs the row, in an O column it is an empty cell -----------------------------
quarantined("score-below-300", credit_score="299")
quarantined("score-above-850", credit_score="851")
quarantined("score-not-whole", credit_score="720.5")
quarantined("income-negative", income="-0.01")
quarantined("income-with-a-sign", income="$120,000")
quarantined("dti-above-10", debt_to_income_ratio="10.000001")
quarantined("dti-percent", debt_to_income_ratio="20%")
quarantined("loans-negative", existing_loans="-1")
quarantined("age-a-word", account_age="four years")
quarantined("deposit-a-word", deposit_balance="6.5k")
quarantined("rows-conflict", further_rows=({"income": "119999.99"},))
offered("rows-copied", more={"further_rows": ({},)})
offered("score-highest", credit_score="850")
offered("score-with-zeros", credit_score=" 780.00 ")
offered("deposit-overdrawn", deposit_balance="-12.50")
offered("words-of-truth", identity_verified="YES", covered_borrower="0")
for _column in ("account_age", "deposit_balance", "savings_rate", "transactions_90d", "overdrafts_12m"):
    offered(f"unneeded-{_column.replace('_', '-')}-empty", **{_column: ""})

# --- Trust ------------------------------------------------------------------------------------------------------------
stopped("identity-no", (TRUST, "identity_unverified"), identity_verified="false")
stopped("identity-empty", (TRUST, "identity_verified_missing"), identity_verified="")
stopped("identity-na", (TRUST, "identity_verified_missing"), identity_verified="N/A")
stopped("identity-bad", (TRUST, "identity_verified_missing"), identity_verified="perhaps")
stopped("account-closed", (TRUST, "account_not_active"), account_status="closed")
stopped("account-longer", (TRUST, "account_not_active"), account_status="inactive")
stopped("account-empty", (TRUST, "account_status_missing"), account_status="")
offered("account-any-case", account_status=" Active")
stopped(
    "trust-both",
    (TRUST, "identity_unverified", "account_not_active"),
    identity_verified="false",
    account_status="dormant",
)
stopped(
    "trust-both-empty",
    (TRUST, "identity_verified_missing", "account_status_missing"),
    identity_verified="",
    account_status="",
)

# --- Credit qualification ---------------------------------------------------------------------------------------------
offered("score-750", credit_score="750")
offered("score-749", "good", "30000", credit_score="749")
offered("score-680", "good", "30000", credit_score="680")
stopped("score-679", (CREDIT, "credit_score_below_min"), credit_score="679")
stopped(
    "score-639", (CREDIT, "credit_score_below_min"), credit_score="639"
)  # no segment, and no amount for that reason
stopped("score-300", (CREDIT, "credit_score_below_min"), credit_score="300")
stopped("score-empty", (CREDIT, "credit_score_missing"), credit_score="")
offered("dti-zero", debt_to_income_ratio="0")
stopped("dti-at-limit", (AFFORDABILITY, "amount_below_min"), debt_to_income_ratio="0.43")  # passes; nothing is left
stopped("dti-above-limit", (CREDIT, "dti_above_max"), debt_to_income_ratio="0.430001")
stopped("dti-rounded-to-limit", (AFFORDABILITY, "amount_below_min"), debt_to_income_ratio="0.4300004")
stopped("dti-rounded-above", (CREDIT, "dti_above_max"), debt_to_income_ratio="0.4300005")
stopped("dti-10", (CREDIT, "dti_above_max"), debt_to_income_ratio="10")
stopped(
    "dti-empty",
    (CREDIT, "debt_to_income_ratio_missing"),
    (AFFORDABILITY, "debt_to_income_ratio_missing"),
    debt_to_income_ratio="",
)
stopped("late-newest", (CREDIT, "late_payment"), payment_history="600000000000")
stopped("late-twelfth", (CREDIT, "late_payment"), payment_history="000000000001")
offered("late-thirteenth", payment_history="0000000000001")
offered("nothing-due", payment_history="............")
offered("nothing-due-lately", payment_history=".....0000000")
stopped("history-eleven", (CREDIT, "payment_history_short"), payment_history="00000000000")
stopped("history-one-late", (CREDIT, "late_payment", "payment_history_short"), payment_history="1")
stopped("history-dot", (CREDIT, "payment_history_short"), payment_history=".")  # not a word for nothing
stopped("history-na", (CREDIT, "payment_history_short"), payment_history="NA")  # likewise
stopped("history-unknown-month", (CREDIT, "payment_history_short"), payment_history="00000?000000")
stopped("history-empty", (CREDIT, "payment_history_missing"), payment_history="")
offered("loans-zero", existing_loans="0")
offered("loans-two", existing_loans="2")
stopped("loans-three", (CREDIT, "too_many_loans"), existing_loans="3")
stopped("loans-empty", (CREDIT, "existing_loans_missing"), existing_loans="")
_CREDIT_CODES = ("credit_score_below_min", "dti_above_max", "late_payment", "payment_history_short", "too_many_loans")
stopped(
    "credit-all",
    (CREDIT, *_CREDIT_CODES),
    credit_score="600",
    debt_to_income_ratio="0.5",
    payment_history="02",
    existing_loans="7",
)
_NO_CREDIT_CELLS = (
    "credit_score_missing",
    "debt_to_income_ratio_missing",
    "payment_history_missing",
    "existing_loans_missing",
)
stopped(
    "credit-all-empty",
    (CREDIT, *_NO_CREDIT_CELLS),
    (AFFORDABILITY, "debt_to_income_ratio_missing"),
    credit_score="",
    debt_to_income_ratio="",
    payment_history="",
    existing_loans="",
)

# --- Affordability: the payment of 1,000 USD at 5.5 % over 60 months is 19.10, of 50,000 USD 955.06 -------------------
offered("income-largest-of-the-type", income="9999999999999999.99")  # its products overflowed, and stopped the run
offered("income-variation-at-limit", income_variation="0.5")
stopped("income-variation-above", (AFFORDABILITY, "income_unstable"), income_variation="0.500001")
stopped("income-variation-empty", (AFFORDABILITY, "income_variation_missing"), income_variation="")
stopped("income-variation-bad", (AFFORDABILITY, "income_variation_missing"), income_variation="-0.1")
for _status in ("FULL_TIME", "part_time", "Self_Employed", "retired", "Public_Assistance"):
    offered(f"employment-{_status.lower().replace('_', '-')}", employment_status=_status)
for _status in ("unemployed", "Other"):
    stopped(f"employment-{_status.lower()}", (AFFORDABILITY, "employment_not_accepted"), employment_status=_status)
stopped("employment-empty", (AFFORDABILITY, "employment_status_missing"), employment_status="")
stopped("employment-unheard-of", (AFFORDABILITY, "employment_status_missing"), employment_status="astronaut")
stopped("income-empty", (AFFORDABILITY, "income_missing"), income="")
stopped("income-zero", (AFFORDABILITY, "amount_below_min"), income="0")
_ROOM = {"debt_to_income_ratio": "0.23"}  # .2 of the income remains, that is income / 60 a month
offered("amount-highest-exactly", "excellent", "50000", income="57303.60", **_ROOM)  # 955.06 a month
offered("amount-a-cent-short", "excellent", "49900", income="57303.00", **_ROOM)  # 955.05
offered("amount-lowest-exactly", "excellent", "1000", income="1146.00", **_ROOM)  # 19.10
stopped("amount-below-lowest", (AFFORDABILITY, "amount_below_min"), income="1145.40", **_ROOM)  # 19.09
stopped(
    "both-amounts-empty",
    (CREDIT, "debt_to_income_ratio_missing"),
    (AFFORDABILITY, "debt_to_income_ratio_missing", "income_missing"),
    debt_to_income_ratio="",
    income="",
)
stopped(
    "no-segment-but-empty-income",
    (CREDIT, "credit_score_below_min"),
    (AFFORDABILITY, "income_missing"),
    credit_score="500",
    income="",
)
stopped(
    "affordability-all",
    (AFFORDABILITY, "income_unstable", "employment_not_accepted", "amount_below_min"),
    income_variation="2",
    employment_status="unemployed",
    income="0.01",
)
_NO_AFFORDABILITY_CELLS = (
    "income_variation_missing",
    "employment_status_missing",
    "debt_to_income_ratio_missing",
    "income_missing",
)
stopped(
    "affordability-all-empty",
    (AFFORDABILITY, "income_variation_missing", "employment_status_missing", "income_missing"),
    income_variation="",
    employment_status="",
    income="",
)

# --- Eligibility: past offers -----------------------------------------------------------------------------------------
for _days in (0, 89):
    stopped(f"offered-{_days}-days-ago", (ELIGIBILITY, "offered_within_days"), more={"history": ((STRICT, _days),)})
stopped("offered-tomorrow", (ELIGIBILITY, "offered_within_days"), more={"history": ((STRICT, -1),)})
for _days in (90, 91):
    offered(f"offered-{_days}-days-ago", more={"history": ((STRICT, _days),)})
stopped("offered-by-unknown", (ELIGIBILITY, "offered_within_days"), more={"history": ((UNKNOWN, 89),)})
offered("offered-by-unknown-90", more={"history": ((UNKNOWN, 90),)})
stopped("offered-same-product", (ELIGIBILITY, "offered_within_days"), more={"history": ((SAME_PRODUCT, 89),)})
offered("offered-other-product", more={"history": ((OTHER_PRODUCT, 1),)})
stopped(
    "offered-once-lately",
    (ELIGIBILITY, "offered_within_days"),
    more={"history": ((STRICT, 400), (STRICT, 30), (OTHER_PRODUCT, 1))},
)
offered("offered-long-ago", more={"history": ((STRICT, 400), (STRICT, 95))})
stopped("offered-twice-in-file", (ELIGIBILITY, "offered_within_days"), more={"history": ((STRICT, 5), (STRICT, 5))})
for _days in (-1, 0, 89):
    stopped(f"heard-{_days}-days-ago", (ELIGIBILITY, "offered_within_days"), more={"log": ((STRICT, _days),)})
offered("heard-90-days-ago", more={"log": ((STRICT, 90),)})
stopped("heard-by-unknown", (ELIGIBILITY, "offered_within_days"), more={"log": ((UNKNOWN, 89),)})
stopped("heard-same-product", (ELIGIBILITY, "offered_within_days"), more={"log": ((SAME_PRODUCT, 89),)})
offered("heard-other-product", more={"log": ((OTHER_PRODUCT, 1),)})
stopped(
    "heard-after-history",
    (ELIGIBILITY, "offered_within_days"),
    more={"history": ((STRICT, 95),), "log": ((STRICT, 400), (STRICT, 30), (OTHER_PRODUCT, 1))},
)
stopped(
    "heard-before-history",
    (ELIGIBILITY, "offered_within_days"),
    more={"history": ((STRICT, 30),), "log": ((STRICT, 95),)},
)
offered("heard-long-ago", more={"history": ((STRICT, 95),), "log": ((STRICT, 92), (STRICT, 90))})

# --- Eligibility: channels. Any one of e-mail, in-app and SMS is enough -----------------------------------------------
_GOOD = {"credit_score": "700"}
_OPTED_OUT = (ELIGIBILITY, "opted_out")
for _name, _row in {
    "email-only": CLOSED | {"email_opt_out": "false"},
    "sms-only": CLOSED | {"sms_consent": "true"},
    "in-app-only": CLOSED | {"in_app_opt_out": "false"},
    "no-email": {"email_opt_out": "true"},
    "email-empty": {"email_opt_out": ""},
    "call-consent-empty": {"call_consent": ""},
}.items():
    offered(f"channel-{_name}", more={"preferences": (_row,)})
for _name, _row in {
    "none": CLOSED,
    "email-unknown": CLOSED | {"email_opt_out": ""},
    "sms-unknown": CLOSED | {"sms_consent": ""},
    "in-app-unknown": CLOSED | {"in_app_opt_out": ""},
    "all-unknown": {"email_opt_out": "", "sms_consent": "", "in_app_opt_out": ""},
    "calls-only": CLOSED | {"call_consent": "true"},  # the program has no calls
    "do-not-contact": {"do_not_contact": "true"},
    "do-not-contact-empty": {"do_not_contact": ""},
    "bad-cell": {"sms_consent": "perhaps"},  # the row is in quarantine
}.items():
    stopped(f"channel-{_name}", _OPTED_OUT, more={"preferences": (_row,)})
# Addresses and excellentCreditOnly are for delivery to judge.
offered(
    "channel-sms-not-excellent", "good", "30000", more={"preferences": (CLOSED | {"sms_consent": "true"},)}, **_GOOD
)
offered("channel-no-addresses", email="", phone="")
stopped("preferences-no-row", _OPTED_OUT, more={"preferences": ()})
stopped("preferences-conflict", _OPTED_OUT, more={"preferences": ({}, {"email_opt_out": "true"})})
offered("preferences-copied", more={"preferences": ({}, {})})
stopped(
    "eligibility-both",
    (ELIGIBILITY, "offered_within_days", "opted_out"),
    more={"history": ((STRICT, 1),), "preferences": (CLOSED,)},
)

# --- Regulatory compliance: 50,000 USD have an APR of 6.768001 %, 30,000 at 6.5 % 8.0756 % ----------------------------
stopped("state-empty", (REGULATORY, "state_missing"), state="")
stopped("state-na", (REGULATORY, "state_missing"), state="n/a")
stopped("state-not-in-file", (REGULATORY, "state_excluded"), state="ZZ")
stopped("state-unlicensed", (REGULATORY, "state_excluded"), state="NY")
stopped("state-excluded-by-program", (REGULATORY, "state_excluded"), state="TX")
offered("state-cap-exactly", state="WA")
stopped("state-cap-just-below", (REGULATORY, "state_rate_cap"), state="ID")
stopped("state-cap", (REGULATORY, "state_rate_cap"), state="NV")
stopped("state-unlicensed-and-cap", (REGULATORY, "state_excluded", "state_rate_cap"), state="VT")
stopped("no-segment-no-cap", (CREDIT, "credit_score_below_min"), state="NV", credit_score="600")
stopped("no-amount-no-cap", (CREDIT, "dti_above_max"), state="NV", debt_to_income_ratio="0.44")
stopped("small-amount-no-cap", (AFFORDABILITY, "amount_below_min"), state="NV", income="0")
stopped("no-income-no-cap", (AFFORDABILITY, "income_missing"), state="NV", income="")
offered("covered-below-mapr", covered_borrower="true")  # not asked: 6.77 is not above 7
offered("covered-unknown-below-mapr", covered_borrower="")
stopped("covered", (REGULATORY, "covered_borrower"), credit_score="700", covered_borrower="true")
stopped("covered-empty", (REGULATORY, "covered_borrower_missing"), credit_score="700", covered_borrower="")
stopped("covered-bad", (REGULATORY, "covered_borrower_missing"), credit_score="700", covered_borrower="maybe")
offered("not-covered", "good", "30000", credit_score="700", covered_borrower="false")
stopped(
    "covered-no-amount",
    (AFFORDABILITY, "amount_below_min"),
    credit_score="700",
    covered_borrower="true",
    income="0",
)
stopped(
    "regulatory-cap-and-covered",
    (REGULATORY, "state_rate_cap", "covered_borrower"),
    state="OR",
    credit_score="700",
    covered_borrower="true",
)
stopped(
    "regulatory-all",
    (REGULATORY, "state_excluded", "state_rate_cap", "covered_borrower_missing"),
    state="VT",
    credit_score="700",
    covered_borrower="",
)
stopped(
    "regulatory-all-empty",
    (REGULATORY, "state_missing", "covered_borrower_missing"),
    state="",
    credit_score="700",
    covered_borrower="",
)

# --- Several filters --------------------------------------------------------------------------------------------------
stopped(
    "all-filters",
    (TRUST, "identity_unverified"),
    (CREDIT, "late_payment", "too_many_loans"),
    (AFFORDABILITY, "income_unstable"),
    (ELIGIBILITY, "offered_within_days", "opted_out"),
    (REGULATORY, "state_excluded"),
    more={"history": ((STRICT, 10),), "preferences": ()},
    identity_verified="no",
    payment_history="000010000000",
    existing_loans="3",
    income_variation="0.9",
    state="NY",
)
stopped(
    "all-cells-empty",
    (TRUST, "identity_verified_missing", "account_status_missing"),
    (CREDIT, *_NO_CREDIT_CELLS),
    (AFFORDABILITY, *_NO_AFFORDABILITY_CELLS),
    (ELIGIBILITY, "opted_out"),
    (REGULATORY, "state_missing"),  # without an APR nobody asks for covered_borrower
    more={"preferences": ()},
    **dict.fromkeys(BASE_CELLS, ""),
)
stopped(
    "eligibility-and-regulatory",
    (ELIGIBILITY, "opted_out"),
    (REGULATORY, "state_rate_cap"),
    more={"preferences": ()},
    state="NV",
)
# Stopped in the chain, so nobody looks at the scores.
stopped(
    "chain-before-score", (TRUST, "account_not_active"), more={"approval_likelihood": "0.1"}, account_status="frozen"
)


CHAIN_CASES = tuple(_table.cases)
