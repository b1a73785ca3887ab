-- duckdb, trino, athena
SELECT
  offers.customer_id,
  offers.credit_tier,
  offers.score_band,
  offers.tier,
  offers.approval_likelihood,
  offers.default_probability,
  offers.amount,
  offers.note_rate_pct,
  offers.term_months,
  offers.monthly_payment,
  offers.last_payment,
  offers.origination_fee,
  offers.amount_financed,
  offers.finance_charge,
  offers.total_of_payments,
  offers.apr_pct,
  offers.expires_on
FROM loan_offer_targeting.offers AS offers
ORDER BY
  offers.customer_id;

-- spark
SELECT
  offers.customer_id,
  offers.credit_tier,
  offers.score_band,
  offers.tier,
  offers.approval_likelihood,
  offers.default_probability,
  offers.amount,
  offers.note_rate_pct,
  offers.term_months,
  offers.monthly_payment,
  offers.last_payment,
  offers.origination_fee,
  offers.amount_financed,
  offers.finance_charge,
  offers.total_of_payments,
  offers.apr_pct,
  offers.expires_on
FROM loan_offer_targeting.offers AS offers
ORDER BY
  offers.customer_id NULLS LAST;
