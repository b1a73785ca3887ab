-- Loans whose probability is not between 0 and 1, or whose band is not the one of the policy.
-- broken by: band = 'low'
SELECT
    risk.loan_id
FROM gold.loan_risk AS risk
WHERE
    risk.probability NOT BETWEEN 0 AND 1
    OR (risk.band = 'high') <> (risk.probability * 100 >= :high_risk_from_pct)
