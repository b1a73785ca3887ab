-- duckdb
WITH reason AS (
  SELECT
    stops.customer_id,
    stops.code,
    MIN(stops.filter_place * 100 + stops.rule_place) AS place
  FROM loan_offer_targeting.stops AS stops
  GROUP BY
    stops.customer_id,
    stops.code
), listed AS (
  SELECT
    reason.customer_id,
    MIN(reason.place) AS first_place,
    ARRAY_TO_STRING(ARRAY_AGG(reason.code ORDER BY reason.place, reason.code), '|') AS reasons
  FROM reason
  GROUP BY
    reason.customer_id
)
SELECT
  customer.customer_id,
  first.filter_id AS first_filter,
  first.code AS first_reason,
  listed.reasons
FROM loan_offer_targeting.customers AS customer
LEFT JOIN listed
  ON listed.customer_id = customer.customer_id
LEFT JOIN loan_offer_targeting.stops AS first
  ON first.customer_id = listed.customer_id
  AND first.filter_place * 100 + first.rule_place = listed.first_place;

-- trino, athena
WITH reason AS (
  SELECT
    stops.customer_id,
    stops.code,
    MIN(stops.filter_place * 100 + stops.rule_place) AS place
  FROM loan_offer_targeting.stops AS stops
  GROUP BY
    stops.customer_id,
    stops.code
), listed AS (
  SELECT
    reason.customer_id,
    MIN(reason.place) AS first_place,
    ARRAY_JOIN(ARRAY_AGG(reason.code ORDER BY reason.place, reason.code), '|') AS reasons
  FROM reason
  GROUP BY
    reason.customer_id
)
SELECT
  customer.customer_id,
  first.filter_id AS first_filter,
  first.code AS first_reason,
  listed.reasons
FROM loan_offer_targeting.customers AS customer
LEFT JOIN listed
  ON listed.customer_id = customer.customer_id
LEFT JOIN loan_offer_targeting.stops AS first
  ON first.customer_id = listed.customer_id
  AND first.filter_place * 100 + first.rule_place = listed.first_place;

-- spark
WITH reason AS (
  SELECT
    stops.customer_id,
    stops.code,
    MIN(stops.filter_place * 100 + stops.rule_place) AS place
  FROM loan_offer_targeting.stops AS stops
  GROUP BY
    stops.customer_id,
    stops.code
), listed AS (
  SELECT
    reason.customer_id,
    MIN(reason.place) AS first_place,
    ARRAY_JOIN(
      TRANSFORM(
        ARRAY_SORT(
          COLLECT_LIST(
            STRUCT(
              reason.place IS NULL AS key_0,
              reason.place AS key_1,
              reason.code IS NULL AS key_2,
              reason.code AS key_3,
              reason.code AS value
            )
          )
        ),
        item -> item.value
      ),
      '|'
    ) AS reasons
  FROM reason
  GROUP BY
    reason.customer_id
)
SELECT
  customer.customer_id,
  first.filter_id AS first_filter,
  first.code AS first_reason,
  listed.reasons
FROM loan_offer_targeting.customers AS customer
LEFT JOIN listed
  ON listed.customer_id = customer.customer_id
LEFT JOIN loan_offer_targeting.stops AS first
  ON first.customer_id = listed.customer_id
  AND first.filter_place * 100 + first.rule_place = listed.first_place;
