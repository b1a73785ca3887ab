-- Running loans by the band of their risk, and their owners.
-- grain: band
-- loans: Number of loans.
-- customers: Number of owners.
SELECT
    risk.band,
    COUNT(*) AS loans,
    COUNT(DISTINCT risk.client_id) AS customers
FROM gold.loan_risk AS risk
GROUP BY
    risk.band
ORDER BY
    MIN(risk.probability) DESC NULLS LAST
