-- Borrowers whose probability is not between 0 and 1, or whose band is not the one of the policy.
-- broken by: band = 'low'
SELECT
    score.borrower_id
FROM risk.scores AS score
WHERE
    score.probability NOT BETWEEN 0 AND 1
    OR (score.band = 'high') <> (score.probability * 100 >= :high_band_from_pct)
    OR (score.band = 'low') <> (score.probability * 100 < :medium_band_from_pct)
