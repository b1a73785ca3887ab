-- The scores of the customers who pass the chain, by the two models of the program.
-- Python computes them; this query is the relation before there is a model: no score.
-- grain: customer_id
-- not null: customer_id, approval_likelihood, default_probability
-- approval_likelihood: Probability of approval, rounded half up to six decimals.
-- default_probability: Probability of default, rounded half up to six decimals.
-- approval_features: Hash of the features that the approval model read.
-- approval_scored_on: The as-of day of the run in which that model scored them.
-- default_features: Hash of the features that the default model read.
-- default_scored_on: The as-of day of the run in which that model scored them.
SELECT
    features.customer_id,
    CAST(NULL AS DECIMAL(9, 6)) AS approval_likelihood,
    CAST(NULL AS DECIMAL(9, 6)) AS default_probability,
    CAST(NULL AS VARCHAR) AS approval_features,
    CAST(NULL AS DATE) AS approval_scored_on,
    CAST(NULL AS VARCHAR) AS default_features,
    CAST(NULL AS DATE) AS default_scored_on
FROM program.features AS features
WHERE
    FALSE
