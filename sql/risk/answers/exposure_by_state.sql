-- Loans by the state of their borrowers, the largest balance first.
-- grain: state
-- state: State of residence, or unknown.
-- loans: Number of loans.
SELECT
    COALESCE(exposure.state, 'unknown') AS state,
    COUNT(*) AS loans,
    CAST(SUM(exposure.balance) AS DECIMAL(38, 2)) AS balance
FROM risk.loan_exposure AS exposure
GROUP BY
    COALESCE(exposure.state, 'unknown')
ORDER BY
    SUM(exposure.balance) DESC NULLS LAST,
    COALESCE(exposure.state, 'unknown') ASC NULLS LAST
