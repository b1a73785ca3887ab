-- Has a borrower's probability of default risen fast?
-- grain: borrower_id, as_of
-- rule probability_rose: The probability of default is more than :rise_above_pct percentage points above the newest score of
--   an earlier day, which is at most :rise_within_days days older.
SELECT
    score.borrower_id,
    score.as_of,
    CASE
        WHEN (score.probability - before.probability) * 100 > :rise_above_pct THEN 'probability_rose'
    END AS rule
FROM risk.scores AS score
INNER JOIN risk.scores_before AS before
    ON before.borrower_id = score.borrower_id
    AND before.as_of < score.as_of
    AND before.as_of >= DATE_ADD('day', -:rise_within_days, score.as_of)
