-- A compared pair with the reason why only people may link it, null for most; the evidence contains the reason as well.
CREATE TABLE pair AS
SELECT
    compared_pair.* REPLACE (
        CASE
            WHEN reason.review_reason IS NULL
                THEN compared_pair.evidence
            ELSE CAST(
                JSON_MERGE_PATCH(
                    compared_pair.evidence,
                    JSON_OBJECT('review', JSON_OBJECT('level', reason.review_reason, 'weight', 0))
                ) AS VARCHAR
            )
        END AS evidence
    ),
    reason.review_reason
FROM compared_pair
INNER JOIN review_reasons('compared_pair', $share_of_wrong_surnames) AS reason
    ON reason.record_1 = compared_pair.record_1
    AND reason.record_2 = compared_pair.record_2
