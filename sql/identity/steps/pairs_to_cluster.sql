-- A pair of identity.matched_pairs by the numbers of its records. Without a weight, the probability orders links.
SELECT
    record_1.record AS record_1,
    record_2.record AS record_2,
    link.match_probability,
    link.review_reason,
    link.decision,
    COALESCE(link.match_weight, link.match_probability) AS match_weight
FROM link
INNER JOIN identity_record AS record_1
    ON record_1.borrower_id = link.borrower_id_1
INNER JOIN identity_record AS record_2
    ON record_2.borrower_id = link.borrower_id_2
ORDER BY
    record_1.record ASC,
    record_2.record ASC
