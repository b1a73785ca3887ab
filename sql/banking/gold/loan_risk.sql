-- Running loans that are paid so far, with the probability of going bad by which they looked when they were granted.
-- Without a champion of the model loan_default, there is no row.
-- grain: loan_id
-- not null: loan_id, account_id, probability, band
-- client_id: The owner of the account.
-- band: high from high_risk_from_pct of the policy on, medium from medium_risk_from_pct on, else low.
SELECT
    score.loan_id,
    features.account_id,
    features.client_id,
    score.probability,
    CASE
        WHEN score.probability * 100 >= :high_risk_from_pct THEN 'high'
        WHEN score.probability * 100 >= :medium_risk_from_pct THEN 'medium'
        ELSE 'low'
    END AS band
FROM gold.loan_score AS score
INNER JOIN gold.loan_default_features AS features
    ON features.loan_id = score.loan_id
INNER JOIN silver.loan AS loan
    ON loan.loan_id = score.loan_id
WHERE
    loan.status = 'running'
