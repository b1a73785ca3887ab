-- The rules that each customer fails, of all filters of the chain: every filter judges every customer.
-- A customer without a row passes the chain.
-- grain: customer_id, filter_place, rule_place
-- not null: customer_id, filter_id, filter_place, rule_place, code
-- filter_id: The filter.
-- filter_place: Its place in the chain, from 1.
-- rule_place: The place of the rule in the filter, from 1.
-- code: The reason.
SELECT
    failed.customer_id,
    failed.filter_id,
    failed.filter_place,
    failed.rule_place,
    failed.code
FROM filters.all AS failed
