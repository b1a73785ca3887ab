-- The probability that a loan goes bad, by the champion of the model loan_default; a row for each loan with features.
-- Python computes it; this query is the relation without a champion: no row.
-- grain: loan_id
-- not null: loan_id, probability
-- probability: Probability that the loan ends unpaid or falls into debt, rounded half up to six decimals.
SELECT
    features.loan_id,
    CAST(NULL AS DECIMAL(9, 6)) AS probability
FROM gold.loan_default_features AS features
WHERE
    FALSE
