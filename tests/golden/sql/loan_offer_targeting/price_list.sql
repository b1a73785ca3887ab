-- duckdb
SELECT
  CAST(NULL AS TEXT) AS credit_tier,
  CAST(NULL AS INT) AS tier_place,
  CAST(NULL AS INT) AS score_from,
  CAST(NULL AS INT) AS score_to,
  CAST(NULL AS DECIMAL(9, 6)) AS likelihood_from,
  CAST(NULL AS DECIMAL(18, 2)) AS amount,
  CAST(NULL AS BOOLEAN) AS is_largest,
  CAST(NULL AS DECIMAL(18, 2)) AS yearly_from,
  CAST(NULL AS DECIMAL(18, 2)) AS yearly_below,
  CAST(NULL AS DECIMAL(9, 6)) AS note_rate_pct,
  CAST(NULL AS INT) AS term_months,
  CAST(NULL AS DECIMAL(18, 2)) AS monthly_payment,
  CAST(NULL AS DECIMAL(18, 2)) AS last_payment,
  CAST(NULL AS DECIMAL(18, 2)) AS origination_fee,
  CAST(NULL AS DECIMAL(18, 2)) AS amount_financed,
  CAST(NULL AS DECIMAL(18, 2)) AS finance_charge,
  CAST(NULL AS DECIMAL(18, 2)) AS total_of_payments,
  CAST(NULL AS DECIMAL(9, 6)) AS apr_pct
WHERE
  FALSE;

-- trino, athena
SELECT
  CAST(NULL AS VARCHAR) AS credit_tier,
  CAST(NULL AS INTEGER) AS tier_place,
  CAST(NULL AS INTEGER) AS score_from,
  CAST(NULL AS INTEGER) AS score_to,
  CAST(NULL AS DECIMAL(9, 6)) AS likelihood_from,
  CAST(NULL AS DECIMAL(18, 2)) AS amount,
  CAST(NULL AS BOOLEAN) AS is_largest,
  CAST(NULL AS DECIMAL(18, 2)) AS yearly_from,
  CAST(NULL AS DECIMAL(18, 2)) AS yearly_below,
  CAST(NULL AS DECIMAL(9, 6)) AS note_rate_pct,
  CAST(NULL AS INTEGER) AS term_months,
  CAST(NULL AS DECIMAL(18, 2)) AS monthly_payment,
  CAST(NULL AS DECIMAL(18, 2)) AS last_payment,
  CAST(NULL AS DECIMAL(18, 2)) AS origination_fee,
  CAST(NULL AS DECIMAL(18, 2)) AS amount_financed,
  CAST(NULL AS DECIMAL(18, 2)) AS finance_charge,
  CAST(NULL AS DECIMAL(18, 2)) AS total_of_payments,
  CAST(NULL AS DECIMAL(9, 6)) AS apr_pct
WHERE
  FALSE;

-- spark
SELECT
  CAST(NULL AS STRING) AS credit_tier,
  CAST(NULL AS INT) AS tier_place,
  CAST(NULL AS INT) AS score_from,
  CAST(NULL AS INT) AS score_to,
  CAST(NULL AS DECIMAL(9, 6)) AS likelihood_from,
  CAST(NULL AS DECIMAL(18, 2)) AS amount,
  CAST(NULL AS BOOLEAN) AS is_largest,
  CAST(NULL AS DECIMAL(18, 2)) AS yearly_from,
  CAST(NULL AS DECIMAL(18, 2)) AS yearly_below,
  CAST(NULL AS DECIMAL(9, 6)) AS note_rate_pct,
  CAST(NULL AS INT) AS term_months,
  CAST(NULL AS DECIMAL(18, 2)) AS monthly_payment,
  CAST(NULL AS DECIMAL(18, 2)) AS last_payment,
  CAST(NULL AS DECIMAL(18, 2)) AS origination_fee,
  CAST(NULL AS DECIMAL(18, 2)) AS amount_financed,
  CAST(NULL AS DECIMAL(18, 2)) AS finance_charge,
  CAST(NULL AS DECIMAL(18, 2)) AS total_of_payments,
  CAST(NULL AS DECIMAL(9, 6)) AS apr_pct
WHERE
  FALSE;
