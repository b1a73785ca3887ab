-- Borrowers whose probability of default is high, or has risen fast; a row for each rule that reports one. The rules are in
-- sql/risk/filters/.
-- grain: borrower_id, as_of, rule
-- not null: borrower_id, as_of, rule, probability
-- rule: The rule that reports the borrower.
-- probability_before: The newest probability of an earlier day.
WITH reported AS (
    SELECT
        high.borrower_id,
        high.as_of,
        high.rule
    FROM filters.probability_above AS high
    WHERE
        high.rule IS NOT NULL
    UNION ALL
    SELECT
        rise.borrower_id,
        rise.as_of,
        rise.rule
    FROM filters.probability_rose AS rise
    WHERE
        rise.rule IS NOT NULL
)
SELECT
    reported.borrower_id,
    reported.as_of,
    reported.rule,
    score.probability,
    before.probability AS probability_before
FROM reported
INNER JOIN risk.scores AS score
    ON score.borrower_id = reported.borrower_id
    AND score.as_of = reported.as_of
LEFT JOIN risk.scores_before AS before
    ON before.borrower_id = reported.borrower_id
