-- The customers who pass the chain, on the as-of day: features are computed for these.
-- grain: customer_id, as_of
-- not null: customer_id, as_of
-- as_of: The day; nothing dated later counts.
SELECT
    customer.customer_id,
    :as_of AS as_of
FROM program.customers AS customer
LEFT JOIN program.judged AS judged
    ON judged.customer_id = customer.customer_id
WHERE
    judged.customer_id IS NULL
