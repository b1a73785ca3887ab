-- Every reason for which a customer gets no offer: of the chain, and of `score` and `offer`, which judge the customers
-- who pass it.
-- grain: customer_id, filter_place, rule_place
-- not null: customer_id, filter_id, filter_place, rule_place, code
-- filter_id: The filter, or score, or offer.
-- filter_place: Its place; score and offer come after all filters.
-- rule_place: The place of the rule in it.
-- code: The reason.
WITH late AS (
    SELECT
        priced.customer_id,
        'score' AS filter_id,
        1001 AS filter_place,
        1 AS rule_place,
        priced.segment_code AS code
    FROM program.priced AS priced
    UNION ALL
    SELECT priced.customer_id, 'score', 1001, 2, priced.band_code
    FROM program.priced AS priced
    UNION ALL
    SELECT priced.customer_id, 'score', 1001, 3, priced.risk_code
    FROM program.priced AS priced
    UNION ALL
    SELECT priced.customer_id, 'offer', 1002, 1, priced.amount_code
    FROM program.priced AS priced
    UNION ALL
    SELECT priced.customer_id, 'offer', 1002, 2, priced.rate_cap_code
    FROM program.priced AS priced
    UNION ALL
    SELECT priced.customer_id, 'offer', 1002, 3, priced.military_code
    FROM program.priced AS priced
    UNION ALL
    SELECT priced.customer_id, 'offer', 1002, 4, priced.record_code
    FROM program.priced AS priced
)
SELECT
    judged.customer_id,
    judged.filter_id,
    judged.filter_place,
    judged.rule_place,
    judged.code
FROM program.judged AS judged
UNION ALL
SELECT
    late.customer_id,
    late.filter_id,
    CAST(late.filter_place AS INTEGER) AS filter_place,
    CAST(late.rule_place AS INTEGER) AS rule_place,
    late.code
FROM late
WHERE
    late.code IS NOT NULL
