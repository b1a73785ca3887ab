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
WHERE
  NOT offer.amount_financed IS NULL
  AND NOT offer.monthly_payment IS NULL
  AND NOT offer.last_payment IS NULL
  AND NOT offer.term_months IS NULL
  AND NOT offer.apr_pct IS NULL
ORDER BY
  offer.tier,
  offer.amount;

-- spark
SELECT DISTINCT
  offer.tier,
  offer.amount,
  offer.amount_financed,
  offer.monthly_payment,
  offer.last_payment,
  offer.term_months,
  offer.apr_pct
FROM loan_offer_targeting.offers AS offer
WHERE
  NOT offer.amount_financed IS NULL
  AND NOT offer.monthly_payment IS NULL
  AND NOT offer.last_payment IS NULL
  AND NOT offer.term_months IS NULL
  AND NOT offer.apr_pct IS NULL
ORDER BY
  offer.tier NULLS LAST,
  offer.amount NULLS LAST;
