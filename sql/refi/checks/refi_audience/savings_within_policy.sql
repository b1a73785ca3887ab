-- Borrowers in the audience who would save less a month than the policy's minimum.
SELECT
    audience.person_id
FROM refi.refi_audience AS audience
WHERE
    audience.monthly_savings_est < :min_monthly_savings_usd
