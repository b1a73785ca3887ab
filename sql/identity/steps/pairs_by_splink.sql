-- A pair that Splink found, by the ids of its borrowers in the order of text.
CREATE TABLE found_pair AS
SELECT
    LEAST(record_1.borrower_id, record_2.borrower_id) AS borrower_id_1,
    GREATEST(record_1.borrower_id, record_2.borrower_id) AS borrower_id_2,
    pair.match_weight,
    pair.match_probability,
    pair.evidence,
    pair.review_reason
FROM pair
INNER JOIN identity_record AS record_1
    ON record_1.record = pair.record_1
INNER JOIN identity_record AS record_2
    ON record_2.record = pair.record_2
