-- Borrowers by band.
SELECT
    score.band AS measure,
    COUNT(*) AS amount
FROM risk.scores AS score
GROUP BY
    score.band
