-- duckdb
SELECT
  verdicts.customer_id,
  verdicts.first_filter,
  verdicts.first_reason
FROM loan_offer_targeting.verdicts AS verdicts
WHERE
  verdicts.customer_id = CAST('C1' AS TEXT);

-- trino, athena
SELECT
  verdicts.customer_id,
  verdicts.first_filter,
  verdicts.first_reason
FROM loan_offer_targeting.verdicts AS verdicts
WHERE
  verdicts.customer_id = CAST('C1' AS VARCHAR);

-- spark
SELECT
  verdicts.customer_id,
  verdicts.first_filter,
  verdicts.first_reason
FROM loan_offer_targeting.verdicts AS verdicts
WHERE
  verdicts.customer_id = CAST('C1' AS STRING);
