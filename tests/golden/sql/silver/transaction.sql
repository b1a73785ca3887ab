-- duckdb, trino, athena
SELECT
  booked.transaction_id,
  booked.account_id,
  booked.booked_on,
  direction.meaning AS direction,
  operation.meaning AS operation,
  booked.amount,
  CASE direction.meaning WHEN 'in' THEN booked.amount ELSE -booked.amount END AS signed_amount,
  booked.balance,
  purpose.meaning AS purpose,
  booked.partner_bank,
  booked.partner_account,
  UPPER(booked.currency) AS currency
FROM staging."transaction" AS booked
LEFT JOIN silver.code AS direction
  ON direction.code_list = 'direction' AND direction.code = booked.direction
LEFT JOIN silver.code AS operation
  ON operation.code_list = 'operation' AND operation.code = booked.operation
LEFT JOIN silver.code AS purpose
  ON purpose.code_list = 'purpose' AND purpose.code = booked.purpose
LEFT JOIN silver.quarantine AS refused
  ON refused.source = 'transaction' AND refused.row_key = booked.transaction_id
WHERE
  refused.row_key IS NULL;

-- spark
SELECT
  booked.transaction_id,
  booked.account_id,
  booked.booked_on,
  direction.meaning AS direction,
  operation.meaning AS operation,
  booked.amount,
  CASE direction.meaning WHEN 'in' THEN booked.amount ELSE -booked.amount END AS signed_amount,
  booked.balance,
  purpose.meaning AS purpose,
  booked.partner_bank,
  booked.partner_account,
  UPPER(booked.currency) AS currency
FROM staging.`transaction` AS booked
LEFT JOIN silver.code AS direction
  ON direction.code_list = 'direction' AND direction.code = booked.direction
LEFT JOIN silver.code AS operation
  ON operation.code_list = 'operation' AND operation.code = booked.operation
LEFT JOIN silver.code AS purpose
  ON purpose.code_list = 'purpose' AND purpose.code = booked.purpose
LEFT JOIN silver.quarantine AS refused
  ON refused.source = 'transaction' AND refused.row_key = booked.transaction_id
WHERE
  refused.row_key IS NULL;
