-- Months with more days below zero than days, or fewer than none.
-- broken by: days_below_zero = 32
SELECT
    account_month.account_id,
    account_month.currency,
    account_month.month
FROM gold.account_month AS account_month
WHERE
    account_month.days_below_zero < 0
    OR account_month.days_below_zero > DAY(
        CAST(DATE_ADD('day', -1, CAST(DATE_ADD('month', 1, account_month.month) AS DATE)) AS DATE)
    )
