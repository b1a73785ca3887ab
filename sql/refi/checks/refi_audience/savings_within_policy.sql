-- Borrowers in the audience whose monthly saving is below the policy's minimum.
SELECT
    audience.person_id
FROM refi.refi_audience AS audience
WHERE
    audience.monthly_savings_est < :min_monthly_savings_usd
