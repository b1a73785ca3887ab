-- Borrowers in the audience whose loan to value is above the policy's maximum, or unknown.
SELECT
    audience.person_id
FROM refi.refi_audience AS audience
WHERE
    audience.ltv_ratio IS NULL
    OR audience.ltv_ratio > :max_ltv_pct
