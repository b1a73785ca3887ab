-- duckdb
SELECT
  borrower.borrower_id AS borrower_id_1,
  borrower.borrower_id AS borrower_id_2,
  CAST(NULL AS DOUBLE) AS match_weight,
  CAST(NULL AS DOUBLE) AS match_probability,
  CAST(NULL AS TEXT) AS evidence,
  CAST(NULL AS TEXT) AS review_reason,
  CAST(NULL AS TEXT) AS decision
FROM staging.borrower_information AS borrower
WHERE
  FALSE;

-- trino, athena
SELECT
  borrower.borrower_id AS borrower_id_1,
  borrower.borrower_id AS borrower_id_2,
  CAST(NULL AS DOUBLE) AS match_weight,
  CAST(NULL AS DOUBLE) AS match_probability,
  CAST(NULL AS VARCHAR) AS evidence,
  CAST(NULL AS VARCHAR) AS review_reason,
  CAST(NULL AS VARCHAR) AS decision
FROM staging.borrower_information AS borrower
WHERE
  FALSE;

-- spark
SELECT
  borrower.borrower_id AS borrower_id_1,
  borrower.borrower_id AS borrower_id_2,
  CAST(NULL AS DOUBLE) AS match_weight,
  CAST(NULL AS DOUBLE) AS match_probability,
  CAST(NULL AS STRING) AS evidence,
  CAST(NULL AS STRING) AS review_reason,
  CAST(NULL AS STRING) AS decision
FROM staging.borrower_information AS borrower
WHERE
  FALSE;
