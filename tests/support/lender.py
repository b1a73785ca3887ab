"""A small lender with forty borrowers, ten of them eligible by construction. Tests change its files."""

import csv
from pathlib import Path

Rows = dict[str, list[dict[str, str]]]

BORROWERS = 40
ELIGIBLE = 10


def lender(borrowers: int = BORROWERS, eligible: int = ELIGIBLE) -> Rows:
    """Clean rows by source. The first `eligible` borrowers have a spread of 1.5 and an LTV of 70."""
    numbers = range(1, borrowers + 1)
    return {
        "borrower_information": [
            {
                "borrower_id": f"B{n:03}",
                "first_name": f"Given{n}",
                "last_name": f"Family{n}",
                "property_id": f"P{n:03}",
                "email": f"given{n}@example.com",
                "credit_score": "720",
            }
            for n in numbers
        ],
        "loan_information": [
            {
                "loan_id": f"L{n:03}",
                "borrower_id": f"B{n:03}",
                "current_interest_rate": "6.500" if n <= eligible else "5.250",
                "loan_amount": "300000",
                "loan_type": "Fixed",
            }
            for n in numbers
        ],
        "market_equity": [
            {
                "property_id": f"P{n:03}",
                "market_rate_offer": "5.000",
                "ltv_ratio": "70.00",
                "monthly_savings_est": f"{100 + n}.00",
                "current_home_value": "400000",
            }
            for n in numbers
        ],
        "borrower_engagement": [
            {
                "borrower_id": f"B{n:03}",
                "paperless_billing": "true",
                "email_open_last_30d": "false",
                "mobile_app_login_last_30d": "true",
                "sms_opt_in": "true",
            }
            for n in numbers
        ],
    }


def write(rows: Rows, folder: Path) -> Path:
    """Write the sources as CSV; the columns are those of each source's first row."""
    folder.mkdir(parents=True, exist_ok=True)
    for source, records in rows.items():
        with (folder / f"{source}.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(records[0]))
            writer.writeheader()
            writer.writerows(records)
    return folder
