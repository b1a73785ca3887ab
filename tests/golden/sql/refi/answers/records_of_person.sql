-- duckdb
SELECT
  other.borrower_id,
  other.person_id,
  NOT audience.borrower_id IS NULL AS is_in_audience
FROM identity.resolved_borrower AS own
INNER JOIN identity.resolved_borrower AS other
  ON other.person_id = own.person_id
LEFT JOIN refi.refi_audience AS audience
  ON audience.borrower_id = other.borrower_id
WHERE
  own.borrower_id = CAST('B1' AS TEXT)
ORDER BY
  other.borrower_id ASC;

-- trino, athena
SELECT
  other.borrower_id,
  other.person_id,
  NOT audience.borrower_id IS NULL AS is_in_audience
FROM identity.resolved_borrower AS own
INNER JOIN identity.resolved_borrower AS other
  ON other.person_id = own.person_id
LEFT JOIN refi.refi_audience AS audience
  ON audience.borrower_id = other.borrower_id
WHERE
  own.borrower_id = CAST('B1' AS VARCHAR)
ORDER BY
  other.borrower_id ASC;

-- spark
SELECT
  other.borrower_id,
  other.person_id,
  NOT audience.borrower_id IS NULL AS is_in_audience
FROM identity.resolved_borrower AS own
INNER JOIN identity.resolved_borrower AS other
  ON other.person_id = own.person_id
LEFT JOIN refi.refi_audience AS audience
  ON audience.borrower_id = other.borrower_id
WHERE
  own.borrower_id = CAST('B1' AS STRING)
ORDER BY
  other.borrower_id ASC NULLS LAST;
