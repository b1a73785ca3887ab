-- duckdb
WITH following AS (
  SELECT
    affordable.credit_tier,
    MIN(price.amount) AS amount
  FROM loan_offer_targeting.affordable AS affordable
  INNER JOIN loan_offer_targeting.price_list AS price
    ON price.credit_tier = affordable.credit_tier AND price.amount > affordable.amount
  WHERE
    affordable.customer_id = CAST('C1' AS TEXT)
  GROUP BY
    affordable.credit_tier
)
SELECT
  affordable.credit_tier,
  affordable.tier_place = affordable.segment_place AS is_segment,
  customer.income,
  customer.debt_to_income_ratio,
  CAST('0.43' AS DECIMAL(9, 6)) AS max_debt_to_income,
  (
    CAST('0.43' AS DECIMAL(9, 6)) - customer.debt_to_income_ratio
  ) * CAST(customer.income AS DECIMAL(24, 2)) AS room_a_year,
  affordable.amount,
  price.monthly_payment,
  following.amount AS next_amount,
  COALESCE(price.yearly_below, next_price.yearly_from) AS next_a_year
FROM loan_offer_targeting.affordable AS affordable
INNER JOIN loan_offer_targeting.customers AS customer
  ON customer.customer_id = affordable.customer_id
LEFT JOIN loan_offer_targeting.price_list AS price
  ON price.credit_tier = affordable.credit_tier AND price.amount = affordable.amount
LEFT JOIN following
  ON following.credit_tier = affordable.credit_tier
LEFT JOIN loan_offer_targeting.price_list AS next_price
  ON next_price.credit_tier = affordable.credit_tier
  AND next_price.amount = following.amount
WHERE
  affordable.customer_id = CAST('C1' AS TEXT)
ORDER BY
  affordable.tier_place ASC;

-- trino, athena
WITH following AS (
  SELECT
    affordable.credit_tier,
    MIN(price.amount) AS amount
  FROM loan_offer_targeting.affordable AS affordable
  INNER JOIN loan_offer_targeting.price_list AS price
    ON price.credit_tier = affordable.credit_tier AND price.amount > affordable.amount
  WHERE
    affordable.customer_id = CAST('C1' AS VARCHAR)
  GROUP BY
    affordable.credit_tier
)
SELECT
  affordable.credit_tier,
  affordable.tier_place = affordable.segment_place AS is_segment,
  customer.income,
  customer.debt_to_income_ratio,
  CAST('0.43' AS DECIMAL(9, 6)) AS max_debt_to_income,
  (
    CAST('0.43' AS DECIMAL(9, 6)) - customer.debt_to_income_ratio
  ) * CAST(customer.income AS DECIMAL(24, 2)) AS room_a_year,
  affordable.amount,
  price.monthly_payment,
  following.amount AS next_amount,
  COALESCE(price.yearly_below, next_price.yearly_from) AS next_a_year
FROM loan_offer_targeting.affordable AS affordable
INNER JOIN loan_offer_targeting.customers AS customer
  ON customer.customer_id = affordable.customer_id
LEFT JOIN loan_offer_targeting.price_list AS price
  ON price.credit_tier = affordable.credit_tier AND price.amount = affordable.amount
LEFT JOIN following
  ON following.credit_tier = affordable.credit_tier
LEFT JOIN loan_offer_targeting.price_list AS next_price
  ON next_price.credit_tier = affordable.credit_tier
  AND next_price.amount = following.amount
WHERE
  affordable.customer_id = CAST('C1' AS VARCHAR)
ORDER BY
  affordable.tier_place ASC;

-- spark
WITH following AS (
  SELECT
    affordable.credit_tier,
    MIN(price.amount) AS amount
  FROM loan_offer_targeting.affordable AS affordable
  INNER JOIN loan_offer_targeting.price_list AS price
    ON price.credit_tier = affordable.credit_tier AND price.amount > affordable.amount
  WHERE
    affordable.customer_id = CAST('C1' AS STRING)
  GROUP BY
    affordable.credit_tier
)
SELECT
  affordable.credit_tier,
  affordable.tier_place = affordable.segment_place AS is_segment,
  customer.income,
  customer.debt_to_income_ratio,
  CAST('0.43' AS DECIMAL(9, 6)) AS max_debt_to_income,
  (
    CAST('0.43' AS DECIMAL(9, 6)) - customer.debt_to_income_ratio
  ) * CAST(customer.income AS DECIMAL(24, 2)) AS room_a_year,
  affordable.amount,
  price.monthly_payment,
  following.amount AS next_amount,
  COALESCE(price.yearly_below, next_price.yearly_from) AS next_a_year
FROM loan_offer_targeting.affordable AS affordable
INNER JOIN loan_offer_targeting.customers AS customer
  ON customer.customer_id = affordable.customer_id
LEFT JOIN loan_offer_targeting.price_list AS price
  ON price.credit_tier = affordable.credit_tier AND price.amount = affordable.amount
LEFT JOIN following
  ON following.credit_tier = affordable.credit_tier
LEFT JOIN loan_offer_targeting.price_list AS next_price
  ON next_price.credit_tier = affordable.credit_tier
  AND next_price.amount = following.amount
WHERE
  affordable.customer_id = CAST('C1' AS STRING)
ORDER BY
  affordable.tier_place ASC NULLS LAST;
