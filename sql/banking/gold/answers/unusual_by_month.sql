-- Unusual transactions by month and reason.
-- grain: month, reason
-- transactions: Number of transactions.
SELECT
    CAST(DATE_TRUNC('month', unusual.booked_on) AS DATE) AS month,
    unusual.reason,
    COUNT(*) AS transactions
FROM gold.unusual_transaction AS unusual
GROUP BY
    CAST(DATE_TRUNC('month', unusual.booked_on) AS DATE),
    unusual.reason
ORDER BY
    CAST(DATE_TRUNC('month', unusual.booked_on) AS DATE) ASC NULLS LAST,
    unusual.reason ASC NULLS LAST
