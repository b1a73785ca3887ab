-- duckdb, trino, athena
SELECT
  streamed.borrower_id
FROM risk.streamed_scores AS streamed
INNER JOIN risk.scores AS score
  ON score.borrower_id = streamed.borrower_id AND score.version = streamed.version
WHERE
  score.probability <> streamed.probability
  OR score.band <> streamed.band
  OR score.reasons <> streamed.reasons
ORDER BY
  streamed.borrower_id ASC;

-- spark
SELECT
  streamed.borrower_id
FROM risk.streamed_scores AS streamed
INNER JOIN risk.scores AS score
  ON score.borrower_id = streamed.borrower_id AND score.version = streamed.version
WHERE
  score.probability <> streamed.probability
  OR score.band <> streamed.band
  OR score.reasons <> streamed.reasons
ORDER BY
  streamed.borrower_id ASC NULLS LAST;
