-- duckdb, trino, athena
SELECT DISTINCT
  offer.tier,
  offer.amount,
  offer.amount_financed,
  offer.monthly_payment,
  offer.last_payment,
  offer.term_months,
  offer.apr_pct
FROM loan_offer_targeting.offers AS offer
ORDER BY
  offer.tier,
  offer.amount;
