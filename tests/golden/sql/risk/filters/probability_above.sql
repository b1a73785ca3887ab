-- duckdb, trino, athena, spark
SELECT
  score.borrower_id,
  score.as_of,
  CASE
    WHEN score.probability * 100 > CAST('35' AS DECIMAL(9, 6))
    THEN 'probability_above'
  END AS rule
FROM risk.scores AS score;
