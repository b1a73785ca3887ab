-- duckdb, trino, athena, spark
WITH counted AS (
  SELECT
    COUNT(*) AS persons
  FROM offers.person AS person
  WHERE
    person.cluster_size = 1
  UNION ALL
  SELECT
    COUNT(DISTINCT person.person_id) AS persons
  FROM offers.person AS person
  WHERE
    person.cluster_size > 1
)
SELECT
  'persons' AS measure,
  CAST(SUM(counted.persons) AS BIGINT) AS amount
FROM counted
UNION ALL
SELECT
  'records in clusters' AS measure,
  COUNT(*) AS amount
FROM offers.person AS person
WHERE
  person.cluster_size > 1
UNION ALL
SELECT
  'largest cluster' AS measure,
  COALESCE(MAX(CAST(person.cluster_size AS BIGINT)), 0) AS amount
FROM offers.person AS person;
