-- Customers of the extract without a verdict, and customers who have both an offer and a reason against it, or neither.
-- Then customers accepted = offers + the sum of the stops in sequence.
SELECT
    profile.customer_id
FROM staging.customer_credit_profiles AS profile
LEFT JOIN program.verdicts AS verdict
    ON verdict.customer_id = profile.customer_id
LEFT JOIN program.priced AS priced
    ON priced.customer_id = profile.customer_id
WHERE
    verdict.customer_id IS NULL
    OR COALESCE(priced.is_offered, FALSE) = (verdict.first_reason IS NOT NULL)
