-- Loans with the months of the account before the loan, and whether the loan went bad if that was known by the as-of day.
-- Only whole months count: those before the month in which the loan was granted, in the loan's currency, in which
-- anything was booked. A loan without such a month is not here. The model loan_default is trained on the rows whose
-- outcome is known.
-- grain: loan_id
-- not null: account_id, granted_on
-- unit months: duration_months, months_of_history
-- unit ratio: payment_to_inflow, outflow_to_inflow, inflow_variation, inflow_trend
-- unit payments: balance_to_payment, balance_trend
-- unit days: days_below_zero
-- risk rises: payment_to_inflow, outflow_to_inflow, inflow_variation, days_below_zero
-- risk falls: inflow_trend, balance_to_payment, balance_trend, months_of_history
-- client_id: The owner of the account.
-- duration_months: The agreed duration of the loan.
-- months_of_history: Months before the loan in which anything was booked.
-- payment_to_inflow: The payment due each month, over the mean inflow of the newest twelve months.
-- outflow_to_inflow: Outflow over inflow of the newest twelve months.
-- inflow_variation: Standard deviation over mean of the inflow of the newest twelve months. Unknown with fewer than three.
-- inflow_trend: Mean inflow of the newest three months over that of the newest twelve. Unknown with fewer than six.
-- balance_to_payment: Mean closing balance of the newest twelve months, in payments of the loan.
-- balance_trend: Mean closing balance of the newest three months less that of the newest twelve, in payments of the loan.
--   Unknown with fewer than six.
-- days_below_zero: Days in the newest twelve months on which the account was below zero.
-- defaulted: Whether the loan ended unpaid, or is running and in debt. Unknown in the first :outcome_after_months months.
-- outcome_known_on: The day from which it is known, whether the loan is good or bad.
WITH month_before AS (
    SELECT
        loan.loan_id,
        account_month.inflow,
        account_month.outflow,
        account_month.closing_balance,
        account_month.days_below_zero,
        ROW_NUMBER() OVER (
            PARTITION BY
                loan.loan_id
            ORDER BY
                account_month.month DESC NULLS LAST
        ) AS months_ago
    FROM silver.loan AS loan
    INNER JOIN gold.account_month AS account_month
        ON account_month.account_id = loan.account_id
        AND account_month.currency = loan.currency
        AND account_month.month < CAST(DATE_TRUNC('month', loan.granted_on) AS DATE)
    WHERE
        account_month.transactions > 0
),
summed AS (
    SELECT
        month_before.loan_id,
        COUNT(*) AS months_of_history,
        LEAST(COUNT(*), 12) AS months,
        SUM(CASE WHEN month_before.months_ago <= 12 THEN month_before.inflow END) AS inflow,
        SUM(CASE WHEN month_before.months_ago <= 12 THEN month_before.inflow * month_before.inflow END)
            AS inflow_squares,
        SUM(CASE WHEN month_before.months_ago <= 3 THEN month_before.inflow END) AS newest_inflow,
        SUM(CASE WHEN month_before.months_ago <= 12 THEN month_before.outflow END) AS outflow,
        SUM(CASE WHEN month_before.months_ago <= 12 THEN month_before.closing_balance END) AS balance,
        SUM(CASE WHEN month_before.months_ago <= 3 THEN month_before.closing_balance END) AS newest_balance,
        SUM(CASE WHEN month_before.months_ago <= 12 THEN month_before.days_below_zero END) AS days_below_zero
    FROM month_before
    GROUP BY
        month_before.loan_id
),
outcome AS (
    SELECT
        loan.loan_id,
        CAST(DATE_ADD('month', :outcome_after_months, loan.granted_on) AS DATE) AS known_on
    FROM silver.loan AS loan
),
owner AS (
    SELECT
        disposition.account_id,
        MIN(disposition.client_id) AS client_id
    FROM silver.disposition AS disposition
    WHERE
        disposition.role = 'owner'
    GROUP BY
        disposition.account_id
)
SELECT
    loan.loan_id,
    owner.client_id,
    loan.account_id,
    loan.granted_on,
    CAST(loan.duration_months AS DOUBLE) AS duration_months,
    CAST(summed.months_of_history AS DOUBLE) AS months_of_history,
    CASE
        WHEN summed.inflow > 0
            THEN CAST(loan.monthly_payment * summed.months AS DOUBLE) / CAST(summed.inflow AS DOUBLE)
    END AS payment_to_inflow,
    CASE
        WHEN summed.inflow > 0
            THEN CAST(summed.outflow AS DOUBLE) / CAST(summed.inflow AS DOUBLE)
    END AS outflow_to_inflow,
    CASE
        WHEN summed.months >= 3 AND summed.inflow > 0
            THEN SQRT(
                CAST(summed.months * summed.inflow_squares - summed.inflow * summed.inflow AS DOUBLE)
                * CAST(summed.months AS DOUBLE)
                / CAST(summed.months - 1 AS DOUBLE)
            ) / CAST(summed.inflow AS DOUBLE)
    END AS inflow_variation,
    CASE
        WHEN summed.months >= 6 AND summed.inflow > 0
            THEN CAST(summed.newest_inflow * summed.months AS DOUBLE) / CAST(summed.inflow * 3 AS DOUBLE)
    END AS inflow_trend,
    CASE
        WHEN loan.monthly_payment > 0
            THEN CAST(summed.balance AS DOUBLE) / CAST(loan.monthly_payment * summed.months AS DOUBLE)
    END AS balance_to_payment,
    CASE
        WHEN summed.months >= 6 AND loan.monthly_payment > 0
            THEN CAST(summed.newest_balance * summed.months - summed.balance * 3 AS DOUBLE)
            / CAST(loan.monthly_payment * summed.months * 3 AS DOUBLE)
    END AS balance_trend,
    CAST(summed.days_below_zero AS DOUBLE) AS days_below_zero,
    CASE WHEN outcome.known_on <= :as_of THEN loan.is_default END AS defaulted,
    CASE WHEN outcome.known_on <= :as_of THEN outcome.known_on END AS outcome_known_on
FROM silver.loan AS loan
INNER JOIN summed
    ON summed.loan_id = loan.loan_id
INNER JOIN outcome
    ON outcome.loan_id = loan.loan_id
LEFT JOIN owner
    ON owner.account_id = loan.account_id
WHERE
    loan.granted_on <= :as_of
