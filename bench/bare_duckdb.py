"""The audience by one DuckDB statement: python bench/bare_duckdb.py SOURCE_DIR OUT.csv.

The script of an engineer who only wants the answer: read the text, cast it, join, judge, sort, write.
A cell that cannot be cast is null, a line that cannot be read is skipped, and nothing reports it.
"""

import sys
from pathlib import Path
from typing import Any

import duckdb

SQL = """
CREATE MACRO identifier(cell) AS NULLIF(TRIM(cell, E' \\t' || CHR(160)), '');  -- empty ids would join with each other

COPY (
    WITH borrower AS (
        SELECT
            identifier(borrower_id) AS borrower_id,
            CONCAT_WS(' ', NULLIF(TRIM(first_name), ''), NULLIF(TRIM(last_name), '')) AS name,
            identifier(property_id) AS property_id
        FROM read_csv('{source}/borrower_information.csv', {csv})
    ),
    loan AS (
        SELECT
            identifier(loan_id) AS loan_id,
            identifier(borrower_id) AS borrower_id,
            identifier(property_id) AS property_id,
            TRY_CAST(current_interest_rate AS DECIMAL(9, 6)) AS current_interest_rate
        FROM read_csv('{source}/loan_information.csv', {csv})
    ),
    market AS (
        SELECT
            identifier(property_id) AS property_id,
            TRY_CAST(market_rate_offer AS DECIMAL(9, 6)) AS market_rate_offer,
            TRY_CAST(ltv_ratio AS DECIMAL(10, 6)) AS ltv_ratio,
            TRY_CAST(monthly_savings_est AS DECIMAL(18, 2)) AS monthly_savings_est
        FROM read_csv('{source}/market_equity.csv', {csv})
    ),
    engagement AS (
        SELECT
            identifier(borrower_id) AS borrower_id,
            TRY_CAST(TRIM(paperless_billing) AS BOOLEAN) AS paperless_billing,
            TRY_CAST(TRIM(email_open_last_30d) AS BOOLEAN) AS email_open_last_30d,
            TRY_CAST(TRIM(mobile_app_login_last_30d) AS BOOLEAN) AS mobile_app_login_last_30d,
            TRY_CAST(TRIM(sms_opt_in) AS BOOLEAN) AS sms_opt_in
        FROM read_csv('{source}/borrower_engagement.csv', {csv})
    )
    SELECT
        borrower.borrower_id,
        CASE WHEN REGEXP_MATCHES(borrower.name, '^[=+@\\t\\r-]') THEN '''' ELSE '' END || borrower.name AS name,
        loan.current_interest_rate - market.market_rate_offer AS rate_spread,
        market.monthly_savings_est,
        CASE WHEN rate_spread > 1.25 THEN 'Immediate Action' ELSE 'Hot Lead' END AS marketing_category,
        loan.loan_id,
        loan.current_interest_rate,
        market.market_rate_offer,
        market.ltv_ratio,
        engagement.paperless_billing,
        engagement.email_open_last_30d,
        engagement.mobile_app_login_last_30d,
        engagement.sms_opt_in
    FROM borrower
    JOIN loan ON loan.borrower_id = borrower.borrower_id
    JOIN market ON market.property_id = COALESCE(loan.property_id, borrower.property_id)
    LEFT JOIN engagement ON engagement.borrower_id = borrower.borrower_id
    WHERE market.ltv_ratio <= 80 AND rate_spread >= 1.0
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY borrower.borrower_id
        ORDER BY rate_spread DESC, market.monthly_savings_est DESC NULLS LAST, loan.loan_id
    ) = 1
    ORDER BY rate_spread DESC, market.monthly_savings_est DESC NULLS LAST, borrower.borrower_id
) TO '{out}' (FORMAT csv, HEADER)
"""
# With the dialect named, DuckDB need not guess it; in strict mode it would refuse a file for one bad line.
CSV = """delim = ',', quote = '"', escape = '"', header = true, all_varchar = true, strict_mode = false,
ignore_errors = true"""


def main(source: str, out: str) -> None:
    """Write the audience. It is sorted at the end, so the order of rows before does not matter."""
    config: dict[str, Any] = {
        "memory_limit": "3GB",
        "temp_directory": str(Path(out).with_suffix(".spill")),
        "preserve_insertion_order": False,
    }
    with duckdb.connect(config=config) as connection:
        connection.execute(SQL.format(source=source, out=out, csv=CSV))


if __name__ == "__main__":
    main(*sys.argv[1:])
