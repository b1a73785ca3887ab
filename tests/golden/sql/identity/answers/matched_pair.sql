-- duckdb
SELECT
  matched.match_weight,
  matched.match_probability,
  matched.evidence,
  matched.decision
FROM identity.matched_pairs AS matched
WHERE
  matched.borrower_id_1 = CAST('B1' AS TEXT)
  AND matched.borrower_id_2 = CAST('B2' AS TEXT);

-- trino, athena
SELECT
  matched.match_weight,
  matched.match_probability,
  matched.evidence,
  matched.decision
FROM identity.matched_pairs AS matched
WHERE
  matched.borrower_id_1 = CAST('B1' AS VARCHAR)
  AND matched.borrower_id_2 = CAST('B2' AS VARCHAR);

-- spark
SELECT
  matched.match_weight,
  matched.match_probability,
  matched.evidence,
  matched.decision
FROM identity.matched_pairs AS matched
WHERE
  matched.borrower_id_1 = CAST('B1' AS STRING)
  AND matched.borrower_id_2 = CAST('B2' AS STRING);
