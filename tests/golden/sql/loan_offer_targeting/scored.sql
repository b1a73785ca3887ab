-- duckdb
SELECT
  features.customer_id,
  CAST(NULL AS DECIMAL(9, 6)) AS approval_likelihood,
  CAST(NULL AS DECIMAL(9, 6)) AS default_probability,
  CAST(NULL AS TEXT) AS approval_features,
  CAST(NULL AS DATE) AS approval_scored_on,
  CAST(NULL AS TEXT) AS default_features,
  CAST(NULL AS DATE) AS default_scored_on
FROM loan_offer_targeting.features AS features
WHERE
  FALSE;

-- trino, athena
SELECT
  features.customer_id,
  CAST(NULL AS DECIMAL(9, 6)) AS approval_likelihood,
  CAST(NULL AS DECIMAL(9, 6)) AS default_probability,
  CAST(NULL AS VARCHAR) AS approval_features,
  CAST(NULL AS DATE) AS approval_scored_on,
  CAST(NULL AS VARCHAR) AS default_features,
  CAST(NULL AS DATE) AS default_scored_on
FROM loan_offer_targeting.features AS features
WHERE
  FALSE;

-- spark
SELECT
  features.customer_id,
  CAST(NULL AS DECIMAL(9, 6)) AS approval_likelihood,
  CAST(NULL AS DECIMAL(9, 6)) AS default_probability,
  CAST(NULL AS STRING) AS approval_features,
  CAST(NULL AS DATE) AS approval_scored_on,
  CAST(NULL AS STRING) AS default_features,
  CAST(NULL AS DATE) AS default_scored_on
FROM loan_offer_targeting.features AS features
WHERE
  FALSE;
