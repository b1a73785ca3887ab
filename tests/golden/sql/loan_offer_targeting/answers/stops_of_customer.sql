-- duckdb
SELECT
  stops.filter_id,
  stops.code
FROM loan_offer_targeting.stops AS stops
WHERE
  stops.customer_id = CAST('C1' AS TEXT)
ORDER BY
  stops.filter_place ASC,
  stops.rule_place ASC;

-- trino, athena
SELECT
  stops.filter_id,
  stops.code
FROM loan_offer_targeting.stops AS stops
WHERE
  stops.customer_id = CAST('C1' AS VARCHAR)
ORDER BY
  stops.filter_place ASC,
  stops.rule_place ASC;

-- spark
SELECT
  stops.filter_id,
  stops.code
FROM loan_offer_targeting.stops AS stops
WHERE
  stops.customer_id = CAST('C1' AS STRING)
ORDER BY
  stops.filter_place ASC NULLS LAST,
  stops.rule_place ASC NULLS LAST;
