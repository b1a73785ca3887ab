-- The first filter that stops one customer, and its first reason.
-- grain: customer_id
SELECT
    verdicts.customer_id,
    verdicts.first_filter,
    verdicts.first_reason
FROM program.verdicts AS verdicts
WHERE
    verdicts.customer_id = :customer_id
