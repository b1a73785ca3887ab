-- Loans whose outcome was known on the day of the decision or before: what was known on that day may contain it.
SELECT
    known.loan_id
FROM offers.loan_outcomes AS known
WHERE
    known.outcome_known_on <= known.decided_on
