-- duckdb, trino, athena
SELECT
  standing_order.order_id,
  standing_order.account_id,
  standing_order.to_bank,
  standing_order.to_account,
  standing_order.amount,
  code.meaning AS purpose,
  UPPER(standing_order.currency) AS currency
FROM staging."order" AS standing_order
LEFT JOIN silver.code AS code
  ON code.code_list = 'purpose' AND code.code = standing_order.purpose
LEFT JOIN silver.quarantine AS refused
  ON refused.source = 'order' AND refused.row_key = standing_order.order_id
WHERE
  refused.row_key IS NULL;

-- spark
SELECT
  standing_order.order_id,
  standing_order.account_id,
  standing_order.to_bank,
  standing_order.to_account,
  standing_order.amount,
  code.meaning AS purpose,
  UPPER(standing_order.currency) AS currency
FROM staging.`order` AS standing_order
LEFT JOIN silver.code AS code
  ON code.code_list = 'purpose' AND code.code = standing_order.purpose
LEFT JOIN silver.quarantine AS refused
  ON refused.source = 'order' AND refused.row_key = standing_order.order_id
WHERE
  refused.row_key IS NULL;
