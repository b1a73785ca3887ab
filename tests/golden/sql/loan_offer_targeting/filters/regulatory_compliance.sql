-- duckdb
SELECT
  customer.customer_id,
  CASE
    WHEN NOT CAST('True' AS BOOLEAN)
    THEN NULL
    WHEN customer.state IS NULL
    THEN 'state_missing'
    WHEN customer.state IN (CAST('' AS TEXT))
    THEN 'state_excluded'
    WHEN customer.state_is_licensed
    THEN NULL
    ELSE 'state_excluded'
  END AS state,
  CASE
    WHEN CAST('True' AS BOOLEAN) AND customer.segment_apr_pct > customer.state_max_apr_pct
    THEN 'state_rate_cap'
  END AS rate_cap,
  CASE
    WHEN NOT CAST('True' AS BOOLEAN)
    THEN NULL
    WHEN customer.segment_apr_pct <= CAST('36' AS DECIMAL(12, 6))
    OR customer.segment_apr_pct IS NULL
    THEN NULL
    WHEN customer.covered_borrower IS NULL
    THEN 'covered_borrower_missing'
    WHEN customer.covered_borrower
    THEN 'covered_borrower'
  END AS military
FROM loan_offer_targeting.customers AS customer;

-- trino, athena
SELECT
  customer.customer_id,
  CASE
    WHEN NOT CAST('True' AS BOOLEAN)
    THEN NULL
    WHEN customer.state IS NULL
    THEN 'state_missing'
    WHEN customer.state IN (CAST('' AS VARCHAR))
    THEN 'state_excluded'
    WHEN customer.state_is_licensed
    THEN NULL
    ELSE 'state_excluded'
  END AS state,
  CASE
    WHEN CAST('True' AS BOOLEAN) AND customer.segment_apr_pct > customer.state_max_apr_pct
    THEN 'state_rate_cap'
  END AS rate_cap,
  CASE
    WHEN NOT CAST('True' AS BOOLEAN)
    THEN NULL
    WHEN customer.segment_apr_pct <= CAST('36' AS DECIMAL(12, 6))
    OR customer.segment_apr_pct IS NULL
    THEN NULL
    WHEN customer.covered_borrower IS NULL
    THEN 'covered_borrower_missing'
    WHEN customer.covered_borrower
    THEN 'covered_borrower'
  END AS military
FROM loan_offer_targeting.customers AS customer;

-- spark
SELECT
  customer.customer_id,
  CASE
    WHEN NOT CAST('True' AS BOOLEAN)
    THEN NULL
    WHEN customer.state IS NULL
    THEN 'state_missing'
    WHEN customer.state IN (CAST('' AS STRING))
    THEN 'state_excluded'
    WHEN customer.state_is_licensed
    THEN NULL
    ELSE 'state_excluded'
  END AS state,
  CASE
    WHEN CAST('True' AS BOOLEAN) AND customer.segment_apr_pct > customer.state_max_apr_pct
    THEN 'state_rate_cap'
  END AS rate_cap,
  CASE
    WHEN NOT CAST('True' AS BOOLEAN)
    THEN NULL
    WHEN customer.segment_apr_pct <= CAST('36' AS DECIMAL(12, 6))
    OR customer.segment_apr_pct IS NULL
    THEN NULL
    WHEN customer.covered_borrower IS NULL
    THEN 'covered_borrower_missing'
    WHEN customer.covered_borrower
    THEN 'covered_borrower'
  END AS military
FROM loan_offer_targeting.customers AS customer;
