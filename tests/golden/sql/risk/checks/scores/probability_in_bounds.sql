-- duckdb, trino, athena, spark
SELECT
  score.borrower_id
FROM risk.scores AS score
WHERE
  NOT score.probability BETWEEN 0 AND 1
  OR (
    score.band = 'high'
  ) <> (
    score.probability * 100 >= CAST('20' AS DECIMAL(9, 6))
  )
  OR (
    score.band = 'low'
  ) <> (
    score.probability * 100 < CAST('5' AS DECIMAL(9, 6))
  );
