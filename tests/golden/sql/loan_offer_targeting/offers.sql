-- duckdb
SELECT
  priced.customer_id,
  priced.person_id,
  priced.credit_tier,
  priced.score_band,
  priced.tier,
  priced.approval_likelihood,
  priced.default_probability,
  priced.amount,
  priced.note_rate_pct,
  priced.term_months,
  priced.monthly_payment,
  priced.last_payment,
  priced.origination_fee,
  priced.amount_financed,
  priced.finance_charge,
  priced.total_of_payments,
  priced.apr_pct,
  CAST(CAST('2026-02-20' AS DATE) + INTERVAL (CAST('90' AS BIGINT)) DAY AS DATE) AS expires_on
FROM loan_offer_targeting.priced AS priced
WHERE
  priced.is_offered;

-- trino, athena
SELECT
  priced.customer_id,
  priced.person_id,
  priced.credit_tier,
  priced.score_band,
  priced.tier,
  priced.approval_likelihood,
  priced.default_probability,
  priced.amount,
  priced.note_rate_pct,
  priced.term_months,
  priced.monthly_payment,
  priced.last_payment,
  priced.origination_fee,
  priced.amount_financed,
  priced.finance_charge,
  priced.total_of_payments,
  priced.apr_pct,
  CAST(DATE_ADD('DAY', CAST('90' AS BIGINT), CAST('2026-02-20' AS DATE)) AS DATE) AS expires_on
FROM loan_offer_targeting.priced AS priced
WHERE
  priced.is_offered;

-- spark
SELECT
  priced.customer_id,
  priced.person_id,
  priced.credit_tier,
  priced.score_band,
  priced.tier,
  priced.approval_likelihood,
  priced.default_probability,
  priced.amount,
  priced.note_rate_pct,
  priced.term_months,
  priced.monthly_payment,
  priced.last_payment,
  priced.origination_fee,
  priced.amount_financed,
  priced.finance_charge,
  priced.total_of_payments,
  priced.apr_pct,
  CAST(DATE_ADD(CAST('2026-02-20' AS DATE), CAST(CAST('90' AS BIGINT) AS INT)) AS DATE) AS expires_on
FROM loan_offer_targeting.priced AS priced
WHERE
  priced.is_offered;
