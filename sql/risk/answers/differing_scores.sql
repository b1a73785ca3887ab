-- Borrowers whose last score of the day by the stream is not the run's, although one version of the model gave both.
-- grain: borrower_id
SELECT
    streamed.borrower_id
FROM risk.streamed_scores AS streamed
INNER JOIN risk.scores AS score
    ON score.borrower_id = streamed.borrower_id
    AND score.version = streamed.version
WHERE
    score.probability <> streamed.probability
    OR score.band <> streamed.band
    OR score.reasons <> streamed.reasons
ORDER BY
    streamed.borrower_id ASC NULLS LAST
