-- Loans whose features come from no month, or whose outcome is known before the loan was granted.
-- broken by: months_of_history = 0
SELECT
    features.loan_id
FROM gold.loan_default_features AS features
WHERE
    features.months_of_history < 1
    OR features.outcome_known_on < features.granted_on
