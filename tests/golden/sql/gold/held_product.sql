-- duckdb
WITH event AS (
  SELECT
    disposition.client_id,
    'card' AS product,
    card.issued_on AS held_since
  FROM silver.card AS card
  INNER JOIN silver.disposition AS disposition
    ON disposition.disposition_id = card.disposition_id
  UNION ALL
  SELECT
    owner.client_id,
    'loan' AS product,
    loan.granted_on AS held_since
  FROM silver.loan AS loan
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = loan.account_id AND owner.role = 'owner'
  UNION ALL
  SELECT
    owner.client_id,
    booked.purpose AS product,
    booked.booked_on AS held_since
  FROM silver."transaction" AS booked
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = booked.account_id AND owner.role = 'owner'
  WHERE
    booked.direction = 'out' AND booked.purpose IN ('household', 'insurance')
)
SELECT
  event.client_id,
  CAST(event.product AS TEXT) AS product,
  MIN(event.held_since) AS held_since
FROM event
GROUP BY
  event.client_id,
  CAST(event.product AS TEXT);

-- trino, athena
WITH event AS (
  SELECT
    disposition.client_id,
    'card' AS product,
    card.issued_on AS held_since
  FROM silver.card AS card
  INNER JOIN silver.disposition AS disposition
    ON disposition.disposition_id = card.disposition_id
  UNION ALL
  SELECT
    owner.client_id,
    'loan' AS product,
    loan.granted_on AS held_since
  FROM silver.loan AS loan
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = loan.account_id AND owner.role = 'owner'
  UNION ALL
  SELECT
    owner.client_id,
    booked.purpose AS product,
    booked.booked_on AS held_since
  FROM silver."transaction" AS booked
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = booked.account_id AND owner.role = 'owner'
  WHERE
    booked.direction = 'out' AND booked.purpose IN ('household', 'insurance')
)
SELECT
  event.client_id,
  CAST(event.product AS VARCHAR) AS product,
  MIN(event.held_since) AS held_since
FROM event
GROUP BY
  event.client_id,
  CAST(event.product AS VARCHAR);

-- spark
WITH event AS (
  SELECT
    disposition.client_id,
    'card' AS product,
    card.issued_on AS held_since
  FROM silver.card AS card
  INNER JOIN silver.disposition AS disposition
    ON disposition.disposition_id = card.disposition_id
  UNION ALL
  SELECT
    owner.client_id,
    'loan' AS product,
    loan.granted_on AS held_since
  FROM silver.loan AS loan
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = loan.account_id AND owner.role = 'owner'
  UNION ALL
  SELECT
    owner.client_id,
    booked.purpose AS product,
    booked.booked_on AS held_since
  FROM silver.`transaction` AS booked
  INNER JOIN silver.disposition AS owner
    ON owner.account_id = booked.account_id AND owner.role = 'owner'
  WHERE
    booked.direction = 'out' AND booked.purpose IN ('household', 'insurance')
)
SELECT
  event.client_id,
  CAST(event.product AS STRING) AS product,
  MIN(event.held_since) AS held_since
FROM event
GROUP BY
  event.client_id,
  CAST(event.product AS STRING);
