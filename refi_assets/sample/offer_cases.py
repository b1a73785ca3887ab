"""The cases of generated customers for loan offers: what is wrong with a customer's cells, and which codes follow.

Every customer is of one case, and some have a second one that changes other cells. The codes are written down here by
hand, for the limits of the program loan_offer_targeting and one record a person; nothing is asked of the chain. The
cells of customers with whom nothing is wrong are in offer_profiles.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PROFILES, PREFERENCES, OFFERS = "customer_credit_profiles", "contact_preferences", "offer_history"
OWN_PROGRAM = "loan-offer-targeting"
UNLICENSED_STATES = ("AR", "NY", "WV")

# Each filter's codes in the order of its rules. state_rate_cap and covered_borrower need a higher rate than the
# program's, or a lower cap than the shipped states file's.
CODES: Mapping[str, tuple[str, ...]] = {
    "trust": ("identity_verified_missing", "identity_unverified", "account_status_missing", "account_not_active"),
    "credit-qualification": (
        *("credit_score_missing", "credit_score_below_min", "debt_to_income_ratio_missing", "dti_above_max"),
        *("payment_history_missing", "late_payment", "payment_history_short"),
        *("existing_loans_missing", "too_many_loans"),
    ),
    "affordability": (
        *("income_variation_missing", "income_unstable", "employment_status_missing", "employment_not_accepted"),
        *("debt_to_income_ratio_missing", "income_missing", "amount_below_min"),
    ),
    "eligibility": ("offered_within_days", "opted_out"),
    "regulatory-compliance": ("state_missing", "state_excluded"),
}
RULES = tuple((filter_id, code) for filter_id, codes in CODES.items() for code in codes)

SECOND_RECORD = "second record of a person"
ON_TIME = "0" * 12
GOOD_SEGMENT = (690, 700, 720, 745)
OPTED_OUT = {"eligibility": ("opted_out",)}
ALL_CLOSED = {"email_opt_out": ("true",), "sms_consent": ("false",), "in_app_opt_out": ("true",)}

Cells = Mapping[str, tuple[Any, ...]]  # column -> possible cells; columns of one length are chosen together


@dataclass(frozen=True)
class OfferCase:
    """A case. `share` is of 10,000 customers; `fails` are the codes by filter.

    `preference_rows` is the number of rows in contact_preferences; a second one differs from the first. `offered` are
    pairs of a program and a number of days before the as-of day, of which a customer has one. `copy` is a second row in
    customer_credit_profiles: same or different. `quarantined` is the reason by source for which a row is not accepted.
    """

    name: str
    share: int
    fails: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    profile: Cells = field(default_factory=dict)
    preferences: Cells = field(default_factory=dict)
    preference_rows: int = 1
    offered: tuple[tuple[str, int], ...] = ()
    copy: str = ""
    quarantined: Mapping[str, str] = field(default_factory=dict)

    @property
    def touched(self) -> frozenset[str]:
        """The cells that the case decides; another case of the same customer must not."""
        others = {PREFERENCES: self.preferences or self.preference_rows != 1, OFFERS: self.offered, PROFILES: self.copy}
        return frozenset({*self.profile, *(name for name, is_touched in others.items() if is_touched)})


def _trust(name: str, share: int, code: str, **profile: tuple[Any, ...]) -> OfferCase:
    return OfferCase(name, share, {"trust": (code,)}, profile)


def _credit(name: str, share: int, *codes: str, **profile: tuple[Any, ...]) -> OfferCase:
    return OfferCase(name, share, {"credit-qualification": codes}, profile)


def _afford(name: str, share: int, code: str, **profile: tuple[Any, ...]) -> OfferCase:
    return OfferCase(name, share, {"affordability": (code,)}, profile)


def _opted_out(name: str, share: int, **preferences: tuple[Any, ...]) -> OfferCase:
    return OfferCase(name, share, OPTED_OUT, preferences=preferences)


def _compliance(name: str, share: int, code: str, **profile: tuple[Any, ...]) -> OfferCase:
    return OfferCase(name, share, {"regulatory-compliance": (code,)}, profile)


def _passes(name: str, **profile: tuple[Any, ...]) -> OfferCase:
    """A case that looks like one that fails, and passes."""
    return OfferCase(name, 15, profile=profile)


def _not_accepted(name: str, reason: str, **profile: tuple[Any, ...]) -> OfferCase:
    return OfferCase(name, 6, profile=profile, quarantined={PROFILES: reason})


OFFER_CASES = (
    OfferCase("nothing is wrong", 0),  # every customer that the shares below leave over
    # trust
    _trust("identity not verified", 180, "identity_unverified", identity_verified=("false", "FALSE", "no", "0")),
    _trust("identity verified: empty", 60, "identity_verified_missing", identity_verified=("", "unknown", "maybe")),
    _trust(
        "account not active",
        190,
        "account_not_active",
        account_status=("closed", "Frozen", "INACTIVE", "not active", "activ"),
    ),
    _trust("account status: empty", 50, "account_status_missing", account_status=("", "N/A", " ")),
    # credit qualification
    _credit("credit score below the minimum", 620, "credit_score_below_min", credit_score=(640, 655, 670, 678)),
    _credit("credit score in no segment", 390, "credit_score_below_min", credit_score=(300, 520, 588, 620, 639)),
    _credit("credit score 679", 15, "credit_score_below_min", credit_score=(679,)),
    _credit("credit score: empty", 30, "credit_score_missing", credit_score=("", "N/A")),
    _credit("DTI above the maximum", 480, "dti_above_max", debt_to_income_ratio=(0.44, 0.45, 0.52, 0.61, 1.2, 10)),
    _credit("DTI just above the maximum", 15, "dti_above_max", debt_to_income_ratio=(0.430001, 0.4301, "0.430001")),
    OfferCase(
        "DTI: empty",
        30,
        {
            "credit-qualification": ("debt_to_income_ratio_missing",),
            "affordability": ("debt_to_income_ratio_missing",),
        },
        {"debt_to_income_ratio": ("", "NULL")},
    ),
    _credit(
        "late payment",
        420,
        "late_payment",
        payment_history=("001000000000", "010000000020", "0..0002000000000", "000006000000000000", "300000000000"),
    ),
    _credit("late payment in month 1", 25, "late_payment", payment_history=("100000000000", "6...........")),
    _credit("late payment in month 12", 25, "late_payment", payment_history=("000000000001", "0000000000020000")),
    _credit("payment history short", 110, "payment_history_short", payment_history=("00000000000", "0", "....", "000")),
    _credit(
        *("payment history short, and late", 25, "late_payment", "payment_history_short"),
        payment_history=("100", "00000000006", "2"),
    ),
    _credit("payment history: empty", 30, "payment_history_missing", payment_history=("", " ")),
    _credit("too many loans", 190, "too_many_loans", existing_loans=(3, 3, 4, 7)),
    _credit("loans: empty", 30, "existing_loans_missing", existing_loans=("", "-")),
    # affordability
    _afford("income unstable", 620, "income_unstable", income_variation=(0.51, 0.6, 0.75, 1.1, 2.5)),
    _afford("income variation just above the maximum", 15, "income_unstable", income_variation=(0.500001,)),
    _afford("income variation: empty", 60, "income_variation_missing", income_variation=("", "n/a", "high", -0.1)),
    _afford(
        "employment not accepted",
        580,
        "employment_not_accepted",
        employment_status=("unemployed", "Unemployed", "OTHER", "other"),
    ),
    _afford(
        "employment: empty or unknown",
        60,
        "employment_status_missing",
        employment_status=("", "full time", "employed", "student"),
    ),
    _afford("income: empty", 60, "income_missing", income=("", "N/A")),
    # With a ratio: without one, there is no amount to judge.
    _afford(
        "income 0",
        20,
        "amount_below_min",
        income=(0, "0.00"),
        debt_to_income_ratio=(0.2, 0.3),
        credit_score=GOOD_SEGMENT,
    ),
    _afford(
        "too little left of the income",
        450,
        "amount_below_min",
        income=(9_000, 10_500, 12_000, 11_400.5),
        debt_to_income_ratio=(0.42, 0.425, 0.42, 0.4199),
        credit_score=GOOD_SEGMENT,
    ),
    # 24,000 a year at a ratio of .4186: 22.80 a month are left, and 1,000 USD cost 23.71 over 48 months at 6.5 %.
    _afford(
        "amount just below the minimum",
        15,
        "amount_below_min",
        income=(24_000,),
        debt_to_income_ratio=(0.4186,),
        credit_score=(690,),
    ),
    _afford(
        "DTI at the maximum: nothing is left",
        15,
        "amount_below_min",
        debt_to_income_ratio=(0.43, "0.430", "0.4300000"),
        income=(40_000, 80_000, 120_000),
        credit_score=GOOD_SEGMENT,
    ),
    # eligibility
    OfferCase(
        "offered lately",
        520,
        {"eligibility": ("offered_within_days",)},
        offered=((OWN_PROGRAM, 7), (OWN_PROGRAM, 35), (OWN_PROGRAM, 63), (OWN_PROGRAM, 88)),
    ),
    OfferCase(
        "offered 0 or 89 days ago",
        20,
        {"eligibility": ("offered_within_days",)},
        offered=((OWN_PROGRAM, 0), (OWN_PROGRAM, 89)),
    ),
    OfferCase(
        "offered lately by an unknown program",
        110,
        {"eligibility": ("offered_within_days",)},
        offered=(("spring-loans", 30), ("Loan-Offer-Targeting", 12), ("loan_offer_targeting", 89)),
    ),
    OfferCase(
        "offered after the as-of day", 10, {"eligibility": ("offered_within_days",)}, offered=((OWN_PROGRAM, -5),)
    ),
    _opted_out("every channel refused", 310, **ALL_CLOSED),
    _opted_out("do not contact", 170, do_not_contact=("true", "TRUE", "yes")),
    _opted_out("do not contact: empty", 40, do_not_contact=("",)),
    _opted_out(
        *("every channel refused or empty", 40),
        email_opt_out=("", "true", ""),
        sms_consent=("false", "", ""),
        in_app_opt_out=("true", "", ""),
    ),
    OfferCase("no preferences", 130, OPTED_OUT, preference_rows=0),
    OfferCase("two preferences that differ", 25, OPTED_OUT, preference_rows=2),
    OfferCase(
        "preferences malformed",
        20,
        OPTED_OUT,
        preferences={"email_opt_out": ("maybe", "2"), "sms_consent": ("true", "true")},
        quarantined={PREFERENCES: "not_a_boolean"},
    ),
    # regulatory compliance
    _compliance("state: empty", 110, "state_missing", state=("", "N/A", "unknown")),
    _compliance("state without a license", 740, "state_excluded", state=UNLICENSED_STATES),
    _compliance("state that is not in the file", 80, "state_excluded", state=("ZZ", "XX", "England")),
    # Several at once, whatever the draw of a second case gives.
    OfferCase(
        "everything is wrong",
        20,
        {
            "trust": ("identity_unverified", "account_not_active"),
            "credit-qualification": ("credit_score_below_min", "dti_above_max", "late_payment", "too_many_loans"),
            "affordability": ("income_unstable", "employment_not_accepted"),
            "eligibility": ("offered_within_days", "opted_out"),
            "regulatory-compliance": ("state_excluded",),
        },
        {
            "identity_verified": ("false",),
            "account_status": ("closed",),
            "credit_score": (655,),
            "debt_to_income_ratio": (0.6,),
            "payment_history": ("600000000000",),
            "existing_loans": (5,),
            "income_variation": (0.9,),
            "employment_status": ("unemployed",),
            "state": ("NY",),
        },
        preferences=ALL_CLOSED,
        offered=((OWN_PROGRAM, 14),),
    ),
    # At a limit, or close to a defect.
    _passes("score 680, the minimum", credit_score=(680,), debt_to_income_ratio=(0.2,), income=(90_000,)),
    _passes("score 749 or 750", credit_score=(749, 750)),
    _passes("score 850", credit_score=(850,)),
    _passes("two loans, the maximum", existing_loans=(2, "2")),
    _passes("late payment in month 13", payment_history=(ON_TIME + "1", ON_TIME + "0006", ON_TIME + "2.0")),
    _passes("months in which nothing was due", payment_history=("." * 12, "0.0.0.0.0.0.", "." * 14, "0" + "." * 11)),
    _passes("income variation .5, the maximum", income_variation=(0.5, "0.500000")),
    _passes(
        "1,000 USD, the minimum, and little more",
        income=(24_000, 24_000),
        debt_to_income_ratio=(0.41, 0.418),
        credit_score=(690, 690),
    ),
    _passes("active in any case", account_status=("Active", "ACTIVE", " active ")),
    _passes(
        "employment in any case",
        employment_status=("Full_Time", "PART_TIME", "Self_Employed", "RETIRED", "Public_Assistance"),
    ),
    _passes("covered borrower", covered_borrower=("true", "yes")),
    _passes("covered borrower: empty or malformed", covered_borrower=("", "perhaps")),
    _passes("account age: empty", account_age=("",)),
    _passes("deposit balance: empty", deposit_balance=("", "N/A")),
    _passes("deposit balance below zero", deposit_balance=(-120.5, "-0.01")),
    _passes("savings rate: empty", savings_rate=("", "none")),
    _passes("transactions: empty or malformed", transactions_90d=("", "many", -1, "1e2")),
    _passes("overdrafts: empty or malformed", overdrafts_12m=("", "2.5", "few")),
    _passes("transaction history: empty", transaction_history=("",)),
    _passes("no name", first_name=("", "#N/A"), last_name=("", "#N/A")),
    _passes("no address", email=("",), phone=("",), postcode=("",)),
    _passes("time zone: empty", time_zone=("",)),
    OfferCase("offered 90 or 91 days ago", 30, offered=((OWN_PROGRAM, 90), (OWN_PROGRAM, 91), ("spring-loans", 90))),
    OfferCase(
        "only one channel is open",
        40,
        preferences={
            "email_opt_out": ("false", "true", "", "true"),
            "sms_consent": ("false", "yes", "true", ""),
            "in_app_opt_out": ("true", "true", "true", "false"),
        },
    ),
    OfferCase(SECOND_RECORD, 60),
    # Rows that staging does not accept, or accepts once.
    OfferCase("row twice", 20, copy="same", quarantined={PROFILES: "duplicate_row"}),
    OfferCase("two rows that differ", 12, copy="different", quarantined={PROFILES: "conflicting_key"}),
    _not_accepted("text in a number", "not_a_number", credit_score=("seven hundred", "700 points", "7OO")),
    _not_accepted("malformed number", "not_a_number", income=("$54,000", "5e4", "54_000", "0x10", "54.000.00")),
    _not_accepted("malformed ratio", "not_a_number", debt_to_income_ratio=("28%", "0,28", "1/3")),
    _not_accepted("malformed count", "not_a_number", existing_loans=("1.5", "one", "#")),
    _not_accepted("score out of range", "out_of_range", credit_score=(299, 851, 0, 999)),
    _not_accepted("ratio out of range", "out_of_range", debt_to_income_ratio=(28, 10.000001, -0.1)),
    _not_accepted("income below zero", "out_of_range", income=(-1, -54_000)),
    _not_accepted("account age below zero", "out_of_range", account_age=(-3,)),
    _not_accepted("customer_id: empty", "missing_key", customer_id=("", " ")),
)
