-- Is a borrower's probability of default high?
-- grain: borrower_id, as_of
-- rule probability_above: The probability of default is above :probability_above_pct %.
SELECT
    score.borrower_id,
    score.as_of,
    CASE WHEN score.probability * 100 > :probability_above_pct THEN 'probability_above' END AS rule
FROM risk.scores AS score
