-- What a run found of one pair of borrowers, the first id before the second as text.
-- grain: borrower_id_1, borrower_id_2
SELECT
    matched.match_weight,
    matched.match_probability,
    matched.evidence,
    matched.decision
FROM identity.matched_pairs AS matched
WHERE
    matched.borrower_id_1 = :borrower_id_1
    AND matched.borrower_id_2 = :borrower_id_2
