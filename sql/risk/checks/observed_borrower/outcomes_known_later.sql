-- Outcomes that were known on the day of their observation or before: its features may contain the outcome.
-- broken by: outcome_known_on = observed_on
SELECT
    known.borrower_id,
    known.observed_on
FROM risk.observed_borrower AS known
WHERE
    known.outcome_known_on <= known.observed_on
