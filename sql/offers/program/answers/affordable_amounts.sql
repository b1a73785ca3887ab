-- The amounts that one customer can afford, at the terms of the segment and of each worse tier, with their arithmetic.
-- grain: credit_tier
-- room_a_year: The income of a year that is left for payments.
-- monthly_payment: Payment on the amount; empty if there is none.
-- next_amount: The next amount of the price list; empty for the largest.
-- next_a_year: Twelve payments from which on the next amount is affordable.
WITH following AS (
    SELECT
        affordable.credit_tier,
        MIN(price.amount) AS amount
    FROM program.affordable AS affordable
    INNER JOIN program.price_list AS price
        ON price.credit_tier = affordable.credit_tier
        AND price.amount > affordable.amount
    WHERE
        affordable.customer_id = :customer_id
    GROUP BY
        affordable.credit_tier
)
SELECT
    affordable.credit_tier,
    affordable.tier_place = affordable.segment_place AS is_segment,
    customer.income,
    customer.debt_to_income_ratio,
    :max_debt_to_income AS max_debt_to_income,
    (:max_debt_to_income - customer.debt_to_income_ratio) * CAST(customer.income AS DECIMAL(24, 2)) AS room_a_year,
    affordable.amount,
    price.monthly_payment,
    following.amount AS next_amount,
    COALESCE(price.yearly_below, next_price.yearly_from) AS next_a_year
FROM program.affordable AS affordable
INNER JOIN program.customers AS customer
    ON customer.customer_id = affordable.customer_id
LEFT JOIN program.price_list AS price
    ON price.credit_tier = affordable.credit_tier
    AND price.amount = affordable.amount
LEFT JOIN following
    ON following.credit_tier = affordable.credit_tier
LEFT JOIN program.price_list AS next_price
    ON next_price.credit_tier = affordable.credit_tier
    AND next_price.amount = following.amount
WHERE
    affordable.customer_id = :customer_id
ORDER BY
    affordable.tier_place ASC NULLS LAST
