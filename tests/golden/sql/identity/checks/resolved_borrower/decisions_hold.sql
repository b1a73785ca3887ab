-- duckdb, trino, athena, spark
SELECT
  pair.borrower_id_1 AS borrower_id
FROM identity.matched_pairs AS pair
INNER JOIN identity.resolved_borrower AS resolved_1
  ON resolved_1.borrower_id = pair.borrower_id_1
INNER JOIN identity.resolved_borrower AS resolved_2
  ON resolved_2.borrower_id = pair.borrower_id_2
WHERE
  (
    pair.decision = 'same' AND resolved_1.person_id <> resolved_2.person_id
  )
  OR (
    pair.decision = 'different' AND resolved_1.person_id = resolved_2.person_id
  );
