-- A pair of borrowers that the matcher found or people decided, or both.
CREATE TABLE borrower_pair AS
SELECT
    COALESCE(found_pair.borrower_id_1, decided.borrower_id_1) AS borrower_id_1,
    COALESCE(found_pair.borrower_id_2, decided.borrower_id_2) AS borrower_id_2,
    found_pair.match_weight,
    found_pair.match_probability,
    found_pair.evidence,
    found_pair.review_reason,
    decided.decision
FROM found_pair
FULL JOIN decided
    ON decided.borrower_id_1 = found_pair.borrower_id_1
    AND decided.borrower_id_2 = found_pair.borrower_id_2
