-- duckdb, trino, athena, spark
WITH counted AS (
  SELECT
    profile.customer_id,
    1 AS to_be_found
  FROM staging.customer_credit_profiles AS profile
  UNION ALL
  SELECT
    person.customer_id,
    -1 AS to_be_found
  FROM offers.person AS person
)
SELECT
  counted.customer_id
FROM counted
GROUP BY
  counted.customer_id
HAVING
  SUM(counted.to_be_found) <> 0;
