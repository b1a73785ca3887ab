-- duckdb
WITH valued AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    property.value,
    ROW_NUMBER() OVER (
      PARTITION BY subject.customer_id, subject.as_of
      ORDER BY property.valued_on DESC, property.value ASC
    ) AS choice
  FROM (
    SELECT
      CAST(subject.customer_id AS TEXT) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  LEFT JOIN (
    SELECT
      CAST(decision.customer_id AS TEXT) AS customer_id,
      CAST(decision.decided_on AS DATE) AS valued_on,
      CAST(decision.property_value AS DECIMAL(18, 2)) AS value
    FROM staging.credit_decision AS decision
  ) AS property
    ON property.customer_id = subject.customer_id
    AND property.valued_on <= subject.as_of
), reported AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    lien.lien_position,
    lien.balance,
    ROW_NUMBER() OVER (
      PARTITION BY subject.customer_id, subject.as_of, lien.lien_id
      ORDER BY lien.reported_on DESC, lien.balance DESC, lien.lien_position ASC
    ) AS choice
  FROM (
    SELECT
      CAST(subject.customer_id AS TEXT) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  INNER JOIN (
    SELECT
      CAST(decision.customer_id AS TEXT) AS customer_id,
      CAST('first' AS TEXT) AS lien_id,
      CAST(decision.decided_on AS DATE) AS reported_on,
      CAST(1 AS INT) AS lien_position,
      CAST(decision.first_lien AS DECIMAL(18, 2)) AS balance
    FROM staging.credit_decision AS decision
    UNION ALL
    SELECT
      CAST(decision.customer_id AS TEXT) AS customer_id,
      CAST('others' AS TEXT) AS lien_id,
      CAST(decision.decided_on AS DATE) AS reported_on,
      CAST(2 AS INT) AS lien_position,
      CAST(decision.other_liens AS DECIMAL(18, 2)) AS balance
    FROM staging.credit_decision AS decision
  ) AS lien
    ON lien.customer_id = subject.customer_id AND lien.reported_on <= subject.as_of
), owed AS (
  SELECT
    reported.customer_id,
    reported.as_of,
    SUM(CASE WHEN reported.lien_position = 1 THEN reported.balance END) AS first_lien,
    CASE WHEN COUNT(reported.balance) = COUNT(*) THEN SUM(reported.balance) END AS all_liens
  FROM reported
  WHERE
    reported.choice = 1
  GROUP BY
    reported.customer_id,
    reported.as_of
)
SELECT
  valued.customer_id,
  valued.as_of,
  CASE
    WHEN valued.value > 0
    THEN CAST(owed.first_lien AS DOUBLE) * 100 / CAST(valued.value AS DOUBLE)
  END AS loan_to_value,
  CASE
    WHEN valued.value > 0
    THEN CAST(owed.all_liens AS DOUBLE) * 100 / CAST(valued.value AS DOUBLE)
  END AS combined_ltv
FROM valued
LEFT JOIN owed
  ON owed.customer_id = valued.customer_id AND owed.as_of = valued.as_of
WHERE
  valued.choice = 1;

-- trino, athena
WITH valued AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    property.value,
    ROW_NUMBER() OVER (
      PARTITION BY subject.customer_id, subject.as_of
      ORDER BY property.valued_on DESC, property.value ASC
    ) AS choice
  FROM (
    SELECT
      CAST(subject.customer_id AS VARCHAR) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  LEFT JOIN (
    SELECT
      CAST(decision.customer_id AS VARCHAR) AS customer_id,
      CAST(decision.decided_on AS DATE) AS valued_on,
      CAST(decision.property_value AS DECIMAL(18, 2)) AS value
    FROM staging.credit_decision AS decision
  ) AS property
    ON property.customer_id = subject.customer_id
    AND property.valued_on <= subject.as_of
), reported AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    lien.lien_position,
    lien.balance,
    ROW_NUMBER() OVER (
      PARTITION BY subject.customer_id, subject.as_of, lien.lien_id
      ORDER BY lien.reported_on DESC, lien.balance DESC, lien.lien_position ASC
    ) AS choice
  FROM (
    SELECT
      CAST(subject.customer_id AS VARCHAR) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  INNER JOIN (
    SELECT
      CAST(decision.customer_id AS VARCHAR) AS customer_id,
      CAST('first' AS VARCHAR) AS lien_id,
      CAST(decision.decided_on AS DATE) AS reported_on,
      CAST(1 AS INTEGER) AS lien_position,
      CAST(decision.first_lien AS DECIMAL(18, 2)) AS balance
    FROM staging.credit_decision AS decision
    UNION ALL
    SELECT
      CAST(decision.customer_id AS VARCHAR) AS customer_id,
      CAST('others' AS VARCHAR) AS lien_id,
      CAST(decision.decided_on AS DATE) AS reported_on,
      CAST(2 AS INTEGER) AS lien_position,
      CAST(decision.other_liens AS DECIMAL(18, 2)) AS balance
    FROM staging.credit_decision AS decision
  ) AS lien
    ON lien.customer_id = subject.customer_id AND lien.reported_on <= subject.as_of
), owed AS (
  SELECT
    reported.customer_id,
    reported.as_of,
    SUM(CASE WHEN reported.lien_position = 1 THEN reported.balance END) AS first_lien,
    CASE WHEN COUNT(reported.balance) = COUNT(*) THEN SUM(reported.balance) END AS all_liens
  FROM reported
  WHERE
    reported.choice = 1
  GROUP BY
    reported.customer_id,
    reported.as_of
)
SELECT
  valued.customer_id,
  valued.as_of,
  CASE
    WHEN valued.value > 0
    THEN CAST(owed.first_lien AS DOUBLE) * 100 / CAST(valued.value AS DOUBLE)
  END AS loan_to_value,
  CASE
    WHEN valued.value > 0
    THEN CAST(owed.all_liens AS DOUBLE) * 100 / CAST(valued.value AS DOUBLE)
  END AS combined_ltv
FROM valued
LEFT JOIN owed
  ON owed.customer_id = valued.customer_id AND owed.as_of = valued.as_of
WHERE
  valued.choice = 1;

-- spark
WITH valued AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    property.value,
    ROW_NUMBER() OVER (
      PARTITION BY subject.customer_id, subject.as_of
      ORDER BY property.valued_on DESC, property.value ASC NULLS LAST
    ) AS choice
  FROM (
    SELECT
      CAST(subject.customer_id AS STRING) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  LEFT JOIN (
    SELECT
      CAST(decision.customer_id AS STRING) AS customer_id,
      CAST(decision.decided_on AS DATE) AS valued_on,
      CAST(decision.property_value AS DECIMAL(18, 2)) AS value
    FROM staging.credit_decision AS decision
  ) AS property
    ON property.customer_id = subject.customer_id
    AND property.valued_on <= subject.as_of
), reported AS (
  SELECT
    subject.customer_id,
    subject.as_of,
    lien.lien_position,
    lien.balance,
    ROW_NUMBER() OVER (
      PARTITION BY subject.customer_id, subject.as_of, lien.lien_id
      ORDER BY lien.reported_on DESC, lien.balance DESC, lien.lien_position ASC NULLS LAST
    ) AS choice
  FROM (
    SELECT
      CAST(subject.customer_id AS STRING) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM ml.subject AS subject
  ) AS subject
  INNER JOIN (
    SELECT
      CAST(decision.customer_id AS STRING) AS customer_id,
      CAST('first' AS STRING) AS lien_id,
      CAST(decision.decided_on AS DATE) AS reported_on,
      CAST(1 AS INT) AS lien_position,
      CAST(decision.first_lien AS DECIMAL(18, 2)) AS balance
    FROM staging.credit_decision AS decision
    UNION ALL
    SELECT
      CAST(decision.customer_id AS STRING) AS customer_id,
      CAST('others' AS STRING) AS lien_id,
      CAST(decision.decided_on AS DATE) AS reported_on,
      CAST(2 AS INT) AS lien_position,
      CAST(decision.other_liens AS DECIMAL(18, 2)) AS balance
    FROM staging.credit_decision AS decision
  ) AS lien
    ON lien.customer_id = subject.customer_id AND lien.reported_on <= subject.as_of
), owed AS (
  SELECT
    reported.customer_id,
    reported.as_of,
    SUM(CASE WHEN reported.lien_position = 1 THEN reported.balance END) AS first_lien,
    CASE WHEN COUNT(reported.balance) = COUNT(*) THEN SUM(reported.balance) END AS all_liens
  FROM reported
  WHERE
    reported.choice = 1
  GROUP BY
    reported.customer_id,
    reported.as_of
)
SELECT
  valued.customer_id,
  valued.as_of,
  CASE
    WHEN valued.value > 0
    THEN CAST(owed.first_lien AS DOUBLE) * 100 / CAST(valued.value AS DOUBLE)
  END AS loan_to_value,
  CASE
    WHEN valued.value > 0
    THEN CAST(owed.all_liens AS DOUBLE) * 100 / CAST(valued.value AS DOUBLE)
  END AS combined_ltv
FROM valued
LEFT JOIN owed
  ON owed.customer_id = valued.customer_id AND owed.as_of = valued.as_of
WHERE
  valued.choice = 1;
