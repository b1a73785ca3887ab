-- duckdb
SELECT
  MIN(audience.person_id) AS person_id
FROM refi.refi_audience AS audience
WHERE
  NOT audience.loan_id IS NULL AND CAST('one' AS TEXT) = 'one'
GROUP BY
  audience.loan_id
HAVING
  COUNT(*) > 1;

-- trino, athena
SELECT
  MIN(audience.person_id) AS person_id
FROM refi.refi_audience AS audience
WHERE
  NOT audience.loan_id IS NULL AND CAST('one' AS VARCHAR) = 'one'
GROUP BY
  audience.loan_id
HAVING
  COUNT(*) > 1;

-- spark
SELECT
  MIN(audience.person_id) AS person_id
FROM refi.refi_audience AS audience
WHERE
  NOT audience.loan_id IS NULL AND CAST('one' AS STRING) = 'one'
GROUP BY
  audience.loan_id
HAVING
  COUNT(*) > 1;
