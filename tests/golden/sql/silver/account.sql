-- duckdb, trino, athena, spark
SELECT
  account.account_id,
  account.district_id,
  frequency.meaning AS statement_frequency,
  account.opened_on,
  UPPER(account.currency) AS currency
FROM staging.account AS account
LEFT JOIN silver.code AS frequency
  ON frequency.code_list = 'statement_frequency'
  AND frequency.code = account.frequency
LEFT JOIN silver.quarantine AS refused
  ON refused.source = 'account' AND refused.row_key = account.account_id
WHERE
  refused.row_key IS NULL;
