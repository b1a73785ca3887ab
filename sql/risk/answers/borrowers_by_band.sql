-- Borrowers by the band of their score.
-- grain: band
-- borrowers: Number of borrowers.
SELECT
    score.band,
    COUNT(*) AS borrowers
FROM risk.scores AS score
GROUP BY
    score.band
ORDER BY
    score.band ASC NULLS LAST
