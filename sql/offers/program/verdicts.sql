-- The verdict on every customer of the extract: the first reason against an offer, and all of them.
-- A customer without a reason has an offer.
-- grain: customer_id
-- not null: customer_id
-- first_filter: The first filter that stops the customer.
-- first_reason: The first reason of that filter.
-- reasons: All reasons, each once, in the order of filters and rules, separated by |.
WITH reason AS (
    SELECT
        stops.customer_id,
        stops.code,
        MIN(stops.filter_place * 100 + stops.rule_place) AS place
    FROM program.stops AS stops
    GROUP BY
        stops.customer_id,
        stops.code
),
listed AS (
    SELECT
        reason.customer_id,
        MIN(reason.place) AS first_place,
        ARRAY_JOIN(ARRAY_AGG(reason.code ORDER BY reason.place NULLS LAST, reason.code NULLS LAST), '|') AS reasons
    FROM reason
    GROUP BY
        reason.customer_id
)
SELECT
    customer.customer_id,
    first.filter_id AS first_filter,
    first.code AS first_reason,
    listed.reasons
FROM program.customers AS customer
LEFT JOIN listed
    ON listed.customer_id = customer.customer_id
LEFT JOIN program.stops AS first
    ON first.customer_id = listed.customer_id
    AND first.filter_place * 100 + first.rule_place = listed.first_place
