-- duckdb, trino, athena, spark
SELECT
  disposition.disposition_id,
  disposition.client_id,
  disposition.account_id,
  code.meaning AS role
FROM staging.disposition AS disposition
LEFT JOIN silver.code AS code
  ON code.code_list = 'role' AND code.code = disposition.role
LEFT JOIN silver.quarantine AS refused
  ON refused.source = 'disposition' AND refused.row_key = disposition.disposition_id
WHERE
  refused.row_key IS NULL;
