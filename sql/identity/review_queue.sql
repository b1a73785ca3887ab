-- Pairs between the review and the match threshold, and pairs that only people may link; strongest first.
-- grain: borrower_id_1, borrower_id_2
-- not null: borrower_id_1, borrower_id_2, match_probability
-- not personal match_weight, match_probability, review_reason:
--   They compare two records; no value of either can be read from them.
SELECT
    pair.borrower_id_1,
    pair.borrower_id_2,
    pair.match_weight,
    pair.match_probability,
    pair.evidence,
    pair.review_reason,
    pair.decision
FROM identity.matched_pairs AS pair
WHERE
    pair.match_probability >= CAST(:review_probability AS DOUBLE)
    AND (
        pair.match_probability < CAST(:match_probability AS DOUBLE)
        OR pair.review_reason IS NOT NULL
    )
    AND pair.decision IS NULL
ORDER BY
    pair.match_weight DESC NULLS LAST,
    pair.borrower_id_1 ASC NULLS LAST,
    pair.borrower_id_2 ASC NULLS LAST
