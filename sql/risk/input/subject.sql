-- Borrowers and the days at whose end features are computed. Their events of different days are kept apart by the id,
-- which ends in the day: an event counts for a day only if it had arrived by its end.
SELECT
    CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
    CAST(subject.as_of AS DATE) AS as_of
FROM risk.subject AS subject
