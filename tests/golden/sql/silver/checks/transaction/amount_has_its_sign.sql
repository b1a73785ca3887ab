-- duckdb, trino, athena
SELECT
  booked.transaction_id
FROM silver."transaction" AS booked
WHERE
  booked.signed_amount <> CASE booked.direction WHEN 'in' THEN booked.amount ELSE -booked.amount END;

-- spark
SELECT
  booked.transaction_id
FROM silver.`transaction` AS booked
WHERE
  booked.signed_amount <> CASE booked.direction WHEN 'in' THEN booked.amount ELSE -booked.amount END;
