-- Loans by product, band and delinquency.
-- grain: product, band, delinquency
-- loans: Number of loans.
-- likely_balance: Sum of each balance times its probability of default.
SELECT
    exposure.product,
    exposure.band,
    exposure.delinquency,
    COUNT(*) AS loans,
    CAST(SUM(exposure.balance) AS DECIMAL(38, 2)) AS balance,
    CAST(SUM(exposure.probability * exposure.balance) AS DECIMAL(38, 8)) AS likely_balance
FROM risk.loan_exposure AS exposure
GROUP BY
    exposure.product,
    exposure.band,
    exposure.delinquency
ORDER BY
    exposure.product ASC NULLS LAST,
    exposure.band ASC NULLS LAST,
    exposure.delinquency ASC NULLS LAST
