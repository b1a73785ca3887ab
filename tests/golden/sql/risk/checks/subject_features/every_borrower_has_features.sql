-- duckdb, trino, athena, spark
SELECT
  subject.borrower_id,
  subject.as_of
FROM risk.subject AS subject
LEFT JOIN risk.subject_features AS known
  ON known.borrower_id = subject.borrower_id AND known.as_of = subject.as_of
WHERE
  known.borrower_id IS NULL;
