-- The amount that each customer can afford: at the terms of the segment of their credit score, and of each worse tier.
-- It is the largest amount of the price list, a multiple of 100 USD, with
--   debt_to_income_ratio x income / 12 + monthly payment <= :max_debt_to_income x income / 12,
-- but at most the largest amount of the tier. Years are compared, not months: nothing is divided.
-- Customers whose score is in no segment, whose ratio or income is unknown, or whose debts alone exceed that limit have
-- no row.
-- grain: customer_id, credit_tier
-- not null: customer_id, credit_tier, tier_place, segment_place, amount
-- segment_place: Place of the segment of the customer's credit score.
-- amount: The amount; 0 if not even the smallest of the price list is affordable.
WITH terms AS (
    SELECT
        price.credit_tier,
        price.tier_place,
        price.score_from,
        price.score_to,
        price.yearly_from AS most_yearly
    FROM program.price_list AS price
    WHERE
        price.is_largest
),
-- The income of a year that is left for payments, up to the payments on the largest amount. Products of the largest
-- incomes of the contract have more digits than 18.
room AS (
    SELECT
        profile.customer_id,
        terms.credit_tier,
        terms.tier_place,
        segment.tier_place AS segment_place,
        CAST(
            LEAST(
                (:max_debt_to_income - profile.debt_to_income_ratio) * CAST(profile.income AS DECIMAL(24, 2)),
                terms.most_yearly
            ) AS DECIMAL(18, 8)
        ) AS yearly
    FROM staging.customer_credit_profiles AS profile
    INNER JOIN terms AS segment
        ON profile.credit_score BETWEEN segment.score_from AND segment.score_to
    INNER JOIN terms
        ON terms.tier_place >= segment.tier_place
    WHERE
        profile.debt_to_income_ratio * CAST(profile.income AS DECIMAL(24, 2))
        <= :max_debt_to_income * CAST(profile.income AS DECIMAL(24, 2))
),
-- Prices by steps of 10 USD of yearly payments, so that a customer meets one or two of them, not all.
price_step AS (
    SELECT
        price.credit_tier,
        price.amount,
        price.yearly_from,
        price.yearly_below,
        step.number
    FROM program.price_list AS price
    CROSS JOIN UNNEST(
        SEQUENCE(
            CAST(FLOOR(price.yearly_from * CAST(0.1 AS DECIMAL(1, 1))) AS BIGINT),
            CAST(FLOOR(price.yearly_below * CAST(0.1 AS DECIMAL(1, 1))) AS BIGINT)
        )
    ) AS step (number)
)
SELECT
    room.customer_id,
    room.credit_tier,
    room.tier_place,
    room.segment_place,
    COALESCE(price_step.amount, CAST(0 AS DECIMAL(18, 2))) AS amount
FROM room
LEFT JOIN price_step
    ON price_step.credit_tier = room.credit_tier
    AND price_step.number = CAST(FLOOR(room.yearly * CAST(0.1 AS DECIMAL(1, 1))) AS BIGINT)
    AND price_step.yearly_from <= room.yearly
    AND price_step.yearly_below > room.yearly
