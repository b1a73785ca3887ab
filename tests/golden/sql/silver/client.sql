-- duckdb
SELECT
  client.client_id,
  birth.birth_date,
  CAST(birth.sex AS TEXT) AS sex,
  client.district_id
FROM staging.client AS client
INNER JOIN (
  WITH digits AS (
    SELECT
      client.client_id,
      CAST(SUBSTRING(client.birth_number, 1, 2) AS BIGINT) AS year_of_century,
      CAST(SUBSTRING(client.birth_number, 3, 2) AS BIGINT) AS month_and_sex,
      SUBSTRING(client.birth_number, 5, 2) AS day
    FROM staging.client AS client
    WHERE
      REGEXP_MATCHES(client.birth_number, '^[0-9]{6}$')
  ), dated AS (
    SELECT
      digits.client_id,
      TRY_CAST(CAST(CAST('1911' AS BIGINT) - CAST('1911' AS BIGINT) % 100 + digits.year_of_century + CASE WHEN digits.year_of_century < CAST('1911' AS BIGINT) % 100 THEN 100 ELSE 0 END AS TEXT) || '-' || LPAD(
        CAST(digits.month_and_sex - CASE WHEN digits.month_and_sex > 50 THEN 50 ELSE 0 END AS TEXT),
        2,
        '0'
      ) || '-' || digits.day AS DATE) AS birth_date,
      CASE WHEN digits.month_and_sex > 50 THEN 'female' ELSE 'male' END AS sex
    FROM digits
  )
  SELECT
    dated.client_id,
    dated.birth_date,
    dated.sex
  FROM dated
  WHERE
    NOT dated.birth_date IS NULL
) AS birth
  ON birth.client_id = client.client_id
LEFT JOIN silver.quarantine AS refused
  ON refused.source = 'client' AND refused.row_key = client.client_id
WHERE
  refused.row_key IS NULL;

-- trino, athena
SELECT
  client.client_id,
  birth.birth_date,
  CAST(birth.sex AS VARCHAR) AS sex,
  client.district_id
FROM staging.client AS client
INNER JOIN (
  WITH digits AS (
    SELECT
      client.client_id,
      CAST(SUBSTR(client.birth_number, 1, 2) AS BIGINT) AS year_of_century,
      CAST(SUBSTR(client.birth_number, 3, 2) AS BIGINT) AS month_and_sex,
      SUBSTR(client.birth_number, 5, 2) AS day
    FROM staging.client AS client
    WHERE
      REGEXP_LIKE(client.birth_number, '^[0-9]{6}$')
  ), dated AS (
    SELECT
      digits.client_id,
      TRY_CAST(CAST(CAST('1911' AS BIGINT) - CAST('1911' AS BIGINT) % 100 + digits.year_of_century + CASE WHEN digits.year_of_century < CAST('1911' AS BIGINT) % 100 THEN 100 ELSE 0 END AS VARCHAR) || '-' || LPAD(
        CAST(digits.month_and_sex - CASE WHEN digits.month_and_sex > 50 THEN 50 ELSE 0 END AS VARCHAR),
        2,
        '0'
      ) || '-' || digits.day AS DATE) AS birth_date,
      CASE WHEN digits.month_and_sex > 50 THEN 'female' ELSE 'male' END AS sex
    FROM digits
  )
  SELECT
    dated.client_id,
    dated.birth_date,
    dated.sex
  FROM dated
  WHERE
    NOT dated.birth_date IS NULL
) AS birth
  ON birth.client_id = client.client_id
LEFT JOIN silver.quarantine AS refused
  ON refused.source = 'client' AND refused.row_key = client.client_id
WHERE
  refused.row_key IS NULL;

-- spark
SELECT
  client.client_id,
  birth.birth_date,
  CAST(birth.sex AS STRING) AS sex,
  client.district_id
FROM staging.client AS client
INNER JOIN (
  WITH digits AS (
    SELECT
      client.client_id,
      CAST(SUBSTRING(client.birth_number, 1, 2) AS BIGINT) AS year_of_century,
      CAST(SUBSTRING(client.birth_number, 3, 2) AS BIGINT) AS month_and_sex,
      SUBSTRING(client.birth_number, 5, 2) AS day
    FROM staging.client AS client
    WHERE
      client.birth_number RLIKE '^[0-9]{6}$'
  ), dated AS (
    SELECT
      digits.client_id,
      TRY_CAST(CAST(CAST('1911' AS BIGINT) - CAST('1911' AS BIGINT) % 100 + digits.year_of_century + CASE WHEN digits.year_of_century < CAST('1911' AS BIGINT) % 100 THEN 100 ELSE 0 END AS STRING) || '-' || LPAD(
        CAST(digits.month_and_sex - CASE WHEN digits.month_and_sex > 50 THEN 50 ELSE 0 END AS STRING),
        2,
        '0'
      ) || '-' || digits.day AS DATE) AS birth_date,
      CASE WHEN digits.month_and_sex > 50 THEN 'female' ELSE 'male' END AS sex
    FROM digits
  )
  SELECT
    dated.client_id,
    dated.birth_date,
    dated.sex
  FROM dated
  WHERE
    NOT dated.birth_date IS NULL
) AS birth
  ON birth.client_id = client.client_id
LEFT JOIN silver.quarantine AS refused
  ON refused.source = 'client' AND refused.row_key = client.client_id
WHERE
  refused.row_key IS NULL;
