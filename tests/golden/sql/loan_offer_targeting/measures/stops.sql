-- duckdb, trino, athena, spark
WITH first AS (
  SELECT
    stops.customer_id,
    MIN(stops.filter_place) AS filter_place
  FROM loan_offer_targeting.stops AS stops
  GROUP BY
    stops.customer_id
)
SELECT
  'alone: ' || stops.filter_id AS measure,
  COUNT(DISTINCT stops.customer_id) AS amount
FROM loan_offer_targeting.stops AS stops
GROUP BY
  stops.filter_id
UNION ALL
SELECT
  'in_sequence: ' || stops.filter_id AS measure,
  COUNT(DISTINCT stops.customer_id) AS amount
FROM loan_offer_targeting.stops AS stops
INNER JOIN first
  ON first.customer_id = stops.customer_id AND first.filter_place = stops.filter_place
GROUP BY
  stops.filter_id
UNION ALL
SELECT
  'reasons: ' || stops.filter_id || ': ' || stops.code AS measure,
  COUNT(DISTINCT stops.customer_id) AS amount
FROM loan_offer_targeting.stops AS stops
GROUP BY
  stops.filter_id,
  stops.code;
