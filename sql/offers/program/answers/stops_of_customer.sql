-- The rules that one customer fails, in the order of the filters and rules.
-- grain: filter_place, rule_place
SELECT
    stops.filter_id,
    stops.code
FROM program.stops AS stops
WHERE
    stops.customer_id = :customer_id
ORDER BY
    stops.filter_place ASC NULLS LAST,
    stops.rule_place ASC NULLS LAST
