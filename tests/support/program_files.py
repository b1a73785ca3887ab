"""Program files for tests: one with the structure of the original, changed copies of it, and filters' SQL files."""

from pathlib import Path

from refi_assets.errors import SettingError
from refi_assets.offers.programs import load_program

FILTER_NAMES = ("trust", "credit_qualification", "affordability", "eligibility", "regulatory_compliance")

# The original's keys, without those that it lacks: they have their defaults.
BARE = """\
programId: "spring-loans"
programName: "Spring loans"
enabled: true
marketplaces: ["US"]

dataConnectors:
  - connectorId: "warehouse"
    type: "snowflake"
    config:
      account: "lender.us-east-1"
      database: "customers"
      schema: "credit"
      query: |
        SELECT customer_id, income
        FROM profiles
        WHERE income > 0

scoringModels:
  - modelId: "approval"
    endpoint: "sagemaker://approval-v4"
    features: ["credit_score", "payment_history"]
  - modelId: "risk"
    endpoint: "mlflow://risk@champion"
    features: ["account_age", "transaction_patterns"]

filterChain:
  - filterId: "trust"
    type: "trust"
    order: 1
  - filterId: "credit-qualification"
    type: "business-rule"
    order: 2
    parameters:
      minCreditScore: 660
      maxDebtToIncome: 0.4
      minPaymentHistory: 12
  - filterId: "affordability"
    type: "business-rule"
    order: 3
    parameters:
      checkIncomeStability: true
      checkEmploymentStatus: true
  - filterId: "eligibility"
    type: "eligibility"
    order: 4
  - filterId: "regulatory-compliance"
    type: "business-rule"
    order: 5
    parameters:
      checkStateLaws: true
      checkFederalCompliance: true
      excludedStates: []

channels:
  - channelId: "mail"
    type: "email"
    enabled: true
    priority: 1
    config:
      templateId: "spring"
      sendTime: "10:00"
  - channelId: "app"
    type: "in-app"
    enabled: true
    priority: 2
    config:
      displayDuration: 30
  - channelId: "text"
    type: "sms"
    enabled: false
    priority: 3
    config:
      message: "Apply now: {link}"
      excellentCreditOnly: true

loanOfferStrategy:
  enabled: true
  segmentedOffers: true
  segments:
    - creditTier: "excellent"
      creditScoreRange: [740, 850]
      maxLoanAmount: 40000
      interestRate: 5.25
      term: 60
    - creditTier: "good"
      creditScoreRange: [660, 739]
      maxLoanAmount: 20000
      interestRate: 6.75
      term: 48
    - creditTier: "fair"
      creditScoreRange: [620, 659]
      maxLoanAmount: 10000
      interestRate: 8
      term: 36

regulatoryCompliance:
  enabled: true
  truthInLending: true
  fairLending: true
  equalCreditOpportunity: true
  disclosures:
    - type: "APR"
      required: true
    - type: "fees"
      required: true
    - type: "terms"
      required: true

batchSchedule: "cron(30 3 ? * TUE *)"
candidateTTLDays: 60
"""


def filter_files(folder: Path, *more: str) -> Path:
    """A folder with an SQL file for each filter that the package knows, and for more."""
    folder.mkdir()
    for name in (*FILTER_NAMES, *more):
        (folder / f"{name}.sql").write_text("SELECT 1\n", "utf-8")
    return folder


def changed_program(folder: Path, *changes: tuple[str, str]) -> Path:
    """BARE in a file, with these (old, new) texts replaced; it has each old text once."""
    text = BARE
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "spring.yaml"
    path.write_text(text, "utf-8")
    return path


def refusal_of(folder: Path, *changes: tuple[str, str], more: tuple[str, ...] = ()) -> str:
    """What is said about a changed program that is refused; `more` names filters that have an SQL file, too."""
    try:
        load_program(changed_program(folder, *changes), filters_dir=filter_files(folder / "filters", *more))
    except SettingError as error:
        return str(error)
    raise AssertionError("the program is accepted")


def line_of(place: str, text: str) -> int:
    """The line of a text that contains a place, which it has once."""
    assert text.count(place) == 1, place
    return text[: text.index(place)].count("\n") + 1
