-- The match of one pair of borrowers in a run; the first id is before the second in the order of text.
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
