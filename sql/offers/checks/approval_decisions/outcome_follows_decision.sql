-- Applications whose decision was known on its day or before: what was known on that day may contain it.
SELECT
    known.application_id
FROM offers.approval_decisions AS known
WHERE
    known.outcome_known_on <= known.decided_on
