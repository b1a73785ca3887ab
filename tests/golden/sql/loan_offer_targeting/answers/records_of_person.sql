-- duckdb
SELECT
  record.customer_id,
  record.person_id,
  NOT offers.customer_id IS NULL AS is_offered
FROM offers.person AS own
INNER JOIN offers.person AS record
  ON record.person_id = own.person_id
LEFT JOIN loan_offer_targeting.offers AS offers
  ON offers.customer_id = record.customer_id
WHERE
  own.customer_id = CAST('C1' AS TEXT)
ORDER BY
  record.customer_id ASC;

-- trino, athena
SELECT
  record.customer_id,
  record.person_id,
  NOT offers.customer_id IS NULL AS is_offered
FROM offers.person AS own
INNER JOIN offers.person AS record
  ON record.person_id = own.person_id
LEFT JOIN loan_offer_targeting.offers AS offers
  ON offers.customer_id = record.customer_id
WHERE
  own.customer_id = CAST('C1' AS VARCHAR)
ORDER BY
  record.customer_id ASC;

-- spark
SELECT
  record.customer_id,
  record.person_id,
  NOT offers.customer_id IS NULL AS is_offered
FROM offers.person AS own
INNER JOIN offers.person AS record
  ON record.person_id = own.person_id
LEFT JOIN loan_offer_targeting.offers AS offers
  ON offers.customer_id = record.customer_id
WHERE
  own.customer_id = CAST('C1' AS STRING)
ORDER BY
  record.customer_id ASC NULLS LAST;
