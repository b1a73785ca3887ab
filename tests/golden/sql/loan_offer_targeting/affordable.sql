-- duckdb
WITH terms AS (
  SELECT
    price.credit_tier,
    price.tier_place,
    price.score_from,
    price.score_to,
    price.yearly_from AS most_yearly
  FROM loan_offer_targeting.price_list AS price
  WHERE
    price.is_largest
), room AS (
  SELECT
    profile.customer_id,
    terms.credit_tier,
    terms.tier_place,
    segment.tier_place AS segment_place,
    CAST(CASE
      WHEN (
        (
          CAST('0.43' AS DECIMAL(9, 6)) - profile.debt_to_income_ratio
        ) * CAST(profile.income AS DECIMAL(24, 2))
      ) IS NULL
      OR terms.most_yearly IS NULL
      THEN NULL
      ELSE LEAST(
        (
          CAST('0.43' AS DECIMAL(9, 6)) - profile.debt_to_income_ratio
        ) * CAST(profile.income AS DECIMAL(24, 2)),
        terms.most_yearly
      )
    END AS DECIMAL(18, 8)) AS yearly
  FROM staging.customer_credit_profiles AS profile
  INNER JOIN terms AS segment
    ON profile.credit_score BETWEEN segment.score_from AND segment.score_to
  INNER JOIN terms
    ON terms.tier_place >= segment.tier_place
  WHERE
    profile.debt_to_income_ratio * CAST(profile.income AS DECIMAL(24, 2)) <= CAST('0.43' AS DECIMAL(9, 6)) * CAST(profile.income AS DECIMAL(24, 2))
), price_step AS (
  SELECT
    price.credit_tier,
    price.amount,
    price.yearly_from,
    price.yearly_below,
    step.number
  FROM loan_offer_targeting.price_list AS price
  CROSS JOIN UNNEST(GENERATE_SERIES(
    CAST(FLOOR(price.yearly_from * CAST(0.1 AS DECIMAL(1, 1))) AS BIGINT),
    CAST(FLOOR(price.yearly_below * CAST(0.1 AS DECIMAL(1, 1))) AS BIGINT)
  )) AS step(number)
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
  AND price_step.yearly_below > room.yearly;

-- trino, athena
WITH terms AS (
  SELECT
    price.credit_tier,
    price.tier_place,
    price.score_from,
    price.score_to,
    price.yearly_from AS most_yearly
  FROM loan_offer_targeting.price_list AS price
  WHERE
    price.is_largest
), room AS (
  SELECT
    profile.customer_id,
    terms.credit_tier,
    terms.tier_place,
    segment.tier_place AS segment_place,
    CAST(LEAST(
      (
        CAST('0.43' AS DECIMAL(9, 6)) - profile.debt_to_income_ratio
      ) * CAST(profile.income AS DECIMAL(24, 2)),
      terms.most_yearly
    ) AS DECIMAL(18, 8)) AS yearly
  FROM staging.customer_credit_profiles AS profile
  INNER JOIN terms AS segment
    ON profile.credit_score BETWEEN segment.score_from AND segment.score_to
  INNER JOIN terms
    ON terms.tier_place >= segment.tier_place
  WHERE
    profile.debt_to_income_ratio * CAST(profile.income AS DECIMAL(24, 2)) <= CAST('0.43' AS DECIMAL(9, 6)) * CAST(profile.income AS DECIMAL(24, 2))
), price_step AS (
  SELECT
    price.credit_tier,
    price.amount,
    price.yearly_from,
    price.yearly_below,
    step.number
  FROM loan_offer_targeting.price_list AS price
  CROSS JOIN UNNEST(SEQUENCE(
    CAST(FLOOR(price.yearly_from * CAST(0.1 AS DECIMAL(1, 1))) AS BIGINT),
    CAST(FLOOR(price.yearly_below * CAST(0.1 AS DECIMAL(1, 1))) AS BIGINT)
  )) AS step(number)
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
  AND price_step.yearly_below > room.yearly;

-- spark
WITH terms AS (
  SELECT
    price.credit_tier,
    price.tier_place,
    price.score_from,
    price.score_to,
    price.yearly_from AS most_yearly
  FROM loan_offer_targeting.price_list AS price
  WHERE
    price.is_largest
), room AS (
  SELECT
    profile.customer_id,
    terms.credit_tier,
    terms.tier_place,
    segment.tier_place AS segment_place,
    CAST(LEAST(
      (
        CAST('0.43' AS DECIMAL(9, 6)) - profile.debt_to_income_ratio
      ) * CAST(profile.income AS DECIMAL(24, 2)),
      terms.most_yearly
    ) AS DECIMAL(18, 8)) AS yearly
  FROM staging.customer_credit_profiles AS profile
  INNER JOIN terms AS segment
    ON profile.credit_score BETWEEN segment.score_from AND segment.score_to
  INNER JOIN terms
    ON terms.tier_place >= segment.tier_place
  WHERE
    profile.debt_to_income_ratio * CAST(profile.income AS DECIMAL(24, 2)) <= CAST('0.43' AS DECIMAL(9, 6)) * CAST(profile.income AS DECIMAL(24, 2))
), price_step AS (
  SELECT
    price.credit_tier,
    price.amount,
    price.yearly_from,
    price.yearly_below,
    step.number
  FROM loan_offer_targeting.price_list AS price
  LATERAL VIEW
  EXPLODE(
    SEQUENCE(
      CAST(FLOOR(price.yearly_from * CAST(0.1 AS DECIMAL(1, 1))) AS BIGINT),
      CAST(FLOOR(price.yearly_below * CAST(0.1 AS DECIMAL(1, 1))) AS BIGINT)
    )
  ) step AS number
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
  AND price_step.yearly_below > room.yearly;
