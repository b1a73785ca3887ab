-- The pairs among the borrowers of one person: those that people decided, then the others, strongest first.
-- grain: borrower_id_1, borrower_id_2
SELECT
    matched.borrower_id_1,
    matched.borrower_id_2,
    matched.match_probability,
    matched.decision
FROM identity.matched_pairs AS matched
INNER JOIN identity.resolved_borrower AS resolved_1
    ON resolved_1.borrower_id = matched.borrower_id_1
INNER JOIN identity.resolved_borrower AS resolved_2
    ON resolved_2.borrower_id = matched.borrower_id_2
WHERE
    resolved_1.person_id = :person_id
    AND resolved_2.person_id = :person_id
ORDER BY
    CASE WHEN matched.decision = 'same' THEN 0 ELSE 1 END ASC,
    matched.match_weight DESC NULLS LAST,
    matched.borrower_id_1 ASC NULLS FIRST,
    matched.borrower_id_2 ASC NULLS FIRST
