-- A borrower of a group that AWS found, with the group's first: one pair for each but the first.
CREATE TABLE compared_pair AS
WITH grouped AS (
    SELECT
        aws_group.borrower_id,
        aws_group.match_id,
        aws_group.confidence,
        aws_group.rule,
        identity_record.record
    FROM aws_group
    INNER JOIN identity_record
        ON identity_record.borrower_id = aws_group.borrower_id
),
first AS (
    SELECT
        grouped.match_id,
        MIN(grouped.borrower_id) AS borrower_id,
        ARG_MIN(grouped.record, grouped.borrower_id) AS record
    FROM grouped
    GROUP BY
        grouped.match_id
)
SELECT
    first.record AS record_1,
    grouped.record AS record_2,
    first.borrower_id AS borrower_id_1,
    grouped.borrower_id AS borrower_id_2,
    CAST(NULL AS DOUBLE) AS match_weight,
    COALESCE(grouped.confidence, 1.0) AS match_probability,
    CAST(
        JSON_OBJECT('aws', JSON_OBJECT('level', COALESCE('rule ' || grouped.rule, 'model'), 'weight', 0)) AS VARCHAR
    ) AS evidence
FROM grouped
INNER JOIN first
    ON first.match_id = grouped.match_id
WHERE
    grouped.borrower_id <> first.borrower_id
