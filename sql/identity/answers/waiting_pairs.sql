-- Pairs in the review queue that nobody had decided when the run began.
-- grain: borrower_id_1, borrower_id_2
SELECT
    queued.borrower_id_1,
    queued.borrower_id_2,
    queued.match_weight,
    queued.match_probability,
    queued.evidence
FROM identity.review_queue AS queued
WHERE
    queued.decision IS NULL
ORDER BY
    queued.match_probability DESC NULLS LAST,
    queued.match_weight DESC NULLS LAST,
    queued.borrower_id_1 ASC NULLS FIRST,
    queued.borrower_id_2 ASC NULLS FIRST
