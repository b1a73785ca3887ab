-- duckdb
SELECT
  other.borrower_id,
  CASE
    WHEN engagement.borrower_id IS NULL
    THEN 'no_engagement'
    WHEN engagement.sms_opt_in
    THEN 'said_yes'
    WHEN NOT engagement.sms_opt_in
    THEN 'said_no'
    ELSE 'no_answer'
  END AS answer,
  audience.sms_opt_in
FROM identity.resolved_borrower AS own
INNER JOIN identity.resolved_borrower AS other
  ON other.person_id = own.person_id
LEFT JOIN staging.borrower_engagement AS engagement
  ON engagement.borrower_id = other.borrower_id
LEFT JOIN refi.refi_audience AS audience
  ON audience.person_id = own.person_id
WHERE
  own.borrower_id = CAST('B1' AS TEXT)
ORDER BY
  other.borrower_id ASC;

-- trino, athena
SELECT
  other.borrower_id,
  CASE
    WHEN engagement.borrower_id IS NULL
    THEN 'no_engagement'
    WHEN engagement.sms_opt_in
    THEN 'said_yes'
    WHEN NOT engagement.sms_opt_in
    THEN 'said_no'
    ELSE 'no_answer'
  END AS answer,
  audience.sms_opt_in
FROM identity.resolved_borrower AS own
INNER JOIN identity.resolved_borrower AS other
  ON other.person_id = own.person_id
LEFT JOIN staging.borrower_engagement AS engagement
  ON engagement.borrower_id = other.borrower_id
LEFT JOIN refi.refi_audience AS audience
  ON audience.person_id = own.person_id
WHERE
  own.borrower_id = CAST('B1' AS VARCHAR)
ORDER BY
  other.borrower_id ASC;

-- spark
SELECT
  other.borrower_id,
  CASE
    WHEN engagement.borrower_id IS NULL
    THEN 'no_engagement'
    WHEN engagement.sms_opt_in
    THEN 'said_yes'
    WHEN NOT engagement.sms_opt_in
    THEN 'said_no'
    ELSE 'no_answer'
  END AS answer,
  audience.sms_opt_in
FROM identity.resolved_borrower AS own
INNER JOIN identity.resolved_borrower AS other
  ON other.person_id = own.person_id
LEFT JOIN staging.borrower_engagement AS engagement
  ON engagement.borrower_id = other.borrower_id
LEFT JOIN refi.refi_audience AS audience
  ON audience.person_id = own.person_id
WHERE
  own.borrower_id = CAST('B1' AS STRING)
ORDER BY
  other.borrower_id ASC NULLS LAST;
