-- The borrowers of the portfolio and their scores as they are published, by borrower.
-- grain: borrower_id
-- reported: The rules that report the borrower, with | between them.
WITH reported AS (
    SELECT
        high.borrower_id,
        high.rule
    FROM risk.high_risk AS high
    WHERE
        high.rule IS NOT NULL
    UNION
    SELECT
        fraud.borrower_id,
        fraud.rule
    FROM risk.possible_fraud AS fraud
    WHERE
        fraud.rule IS NOT NULL
),
rules AS (
    SELECT
        reported.borrower_id,
        ARRAY_JOIN(ARRAY_AGG(reported.rule ORDER BY reported.rule NULLS LAST), '|') AS reported
    FROM reported
    GROUP BY
        reported.borrower_id
)
SELECT
    features.borrower_id,
    features.as_of,
    score.probability,
    score.band,
    score.reasons,
    rules.reported
FROM risk.features AS features
LEFT JOIN risk.scores AS score
    ON score.borrower_id = features.borrower_id
LEFT JOIN rules
    ON rules.borrower_id = features.borrower_id
ORDER BY
    features.borrower_id ASC NULLS LAST
