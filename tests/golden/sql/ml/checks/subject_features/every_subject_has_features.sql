-- duckdb, trino, athena, spark
SELECT
  subject.customer_id,
  subject.as_of
FROM ml.subject AS subject
LEFT JOIN ml.subject_features AS known
  ON known.customer_id = subject.customer_id AND known.as_of = subject.as_of
WHERE
  known.customer_id IS NULL;
