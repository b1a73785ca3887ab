-- duckdb, trino, athena, spark
SELECT
  card.card_id,
  card.disposition_id,
  card.card_type,
  card.issued_on
FROM staging.card AS card
LEFT JOIN silver.quarantine AS refused
  ON refused.source = 'card' AND refused.row_key = card.card_id
WHERE
  refused.row_key IS NULL;
