-- duckdb
SELECT
  matched.borrower_id_1,
  matched.borrower_id_2,
  matched.match_probability,
  matched.decision
FROM identity.matched_pairs AS matched
INNER JOIN identity.resolved_borrower AS resolved_1
  ON resolved_1.borrower_id = matched.borrower_id_1
INNER JOIN identity.resolved_borrower AS resolved_2
  ON resolved_2.borrower_id = matched.borrower_id_2
WHERE
  resolved_1.person_id = CAST('B1' AS TEXT)
  AND resolved_2.person_id = CAST('B1' AS TEXT)
ORDER BY
  CASE WHEN matched.decision = 'same' THEN 0 ELSE 1 END ASC,
  matched.match_weight DESC,
  matched.borrower_id_1 ASC NULLS FIRST,
  matched.borrower_id_2 ASC NULLS FIRST;

-- trino, athena
SELECT
  matched.borrower_id_1,
  matched.borrower_id_2,
  matched.match_probability,
  matched.decision
FROM identity.matched_pairs AS matched
INNER JOIN identity.resolved_borrower AS resolved_1
  ON resolved_1.borrower_id = matched.borrower_id_1
INNER JOIN identity.resolved_borrower AS resolved_2
  ON resolved_2.borrower_id = matched.borrower_id_2
WHERE
  resolved_1.person_id = CAST('B1' AS VARCHAR)
  AND resolved_2.person_id = CAST('B1' AS VARCHAR)
ORDER BY
  CASE WHEN matched.decision = 'same' THEN 0 ELSE 1 END ASC,
  matched.match_weight DESC,
  matched.borrower_id_1 ASC NULLS FIRST,
  matched.borrower_id_2 ASC NULLS FIRST;

-- spark
SELECT
  matched.borrower_id_1,
  matched.borrower_id_2,
  matched.match_probability,
  matched.decision
FROM identity.matched_pairs AS matched
INNER JOIN identity.resolved_borrower AS resolved_1
  ON resolved_1.borrower_id = matched.borrower_id_1
INNER JOIN identity.resolved_borrower AS resolved_2
  ON resolved_2.borrower_id = matched.borrower_id_2
WHERE
  resolved_1.person_id = CAST('B1' AS STRING)
  AND resolved_2.person_id = CAST('B1' AS STRING)
ORDER BY
  CASE WHEN matched.decision = 'same' THEN 0 ELSE 1 END ASC NULLS LAST,
  matched.match_weight DESC,
  matched.borrower_id_1 ASC,
  matched.borrower_id_2 ASC;
