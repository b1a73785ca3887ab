-- duckdb
WITH late AS (
  SELECT
    priced.customer_id,
    'score' AS filter_id,
    1001 AS filter_place,
    1 AS rule_place,
    priced.segment_code AS code
  FROM loan_offer_targeting.priced AS priced
  UNION ALL
  SELECT
    priced.customer_id,
    'score',
    1001,
    2,
    priced.band_code
  FROM loan_offer_targeting.priced AS priced
  UNION ALL
  SELECT
    priced.customer_id,
    'score',
    1001,
    3,
    priced.risk_code
  FROM loan_offer_targeting.priced AS priced
  UNION ALL
  SELECT
    priced.customer_id,
    'offer',
    1002,
    1,
    priced.amount_code
  FROM loan_offer_targeting.priced AS priced
  UNION ALL
  SELECT
    priced.customer_id,
    'offer',
    1002,
    2,
    priced.rate_cap_code
  FROM loan_offer_targeting.priced AS priced
  UNION ALL
  SELECT
    priced.customer_id,
    'offer',
    1002,
    3,
    priced.military_code
  FROM loan_offer_targeting.priced AS priced
  UNION ALL
  SELECT
    priced.customer_id,
    'offer',
    1002,
    4,
    priced.record_code
  FROM loan_offer_targeting.priced AS priced
)
SELECT
  judged.customer_id,
  judged.filter_id,
  judged.filter_place,
  judged.rule_place,
  judged.code
FROM loan_offer_targeting.judged AS judged
UNION ALL
SELECT
  late.customer_id,
  late.filter_id,
  CAST(late.filter_place AS INT) AS filter_place,
  CAST(late.rule_place AS INT) AS rule_place,
  late.code
FROM late
WHERE
  NOT late.code IS NULL;

-- trino, athena
WITH late AS (
  SELECT
    priced.customer_id,
    'score' AS filter_id,
    1001 AS filter_place,
    1 AS rule_place,
    priced.segment_code AS code
  FROM loan_offer_targeting.priced AS priced
  UNION ALL
  SELECT
    priced.customer_id,
    'score',
    1001,
    2,
    priced.band_code
  FROM loan_offer_targeting.priced AS priced
  UNION ALL
  SELECT
    priced.customer_id,
    'score',
    1001,
    3,
    priced.risk_code
  FROM loan_offer_targeting.priced AS priced
  UNION ALL
  SELECT
    priced.customer_id,
    'offer',
    1002,
    1,
    priced.amount_code
  FROM loan_offer_targeting.priced AS priced
  UNION ALL
  SELECT
    priced.customer_id,
    'offer',
    1002,
    2,
    priced.rate_cap_code
  FROM loan_offer_targeting.priced AS priced
  UNION ALL
  SELECT
    priced.customer_id,
    'offer',
    1002,
    3,
    priced.military_code
  FROM loan_offer_targeting.priced AS priced
  UNION ALL
  SELECT
    priced.customer_id,
    'offer',
    1002,
    4,
    priced.record_code
  FROM loan_offer_targeting.priced AS priced
)
SELECT
  judged.customer_id,
  judged.filter_id,
  judged.filter_place,
  judged.rule_place,
  judged.code
FROM loan_offer_targeting.judged AS judged
UNION ALL
SELECT
  late.customer_id,
  late.filter_id,
  CAST(late.filter_place AS INTEGER) AS filter_place,
  CAST(late.rule_place AS INTEGER) AS rule_place,
  late.code
FROM late
WHERE
  NOT late.code IS NULL;

-- spark
WITH late AS (
  SELECT
    priced.customer_id,
    'score' AS filter_id,
    1001 AS filter_place,
    1 AS rule_place,
    priced.segment_code AS code
  FROM loan_offer_targeting.priced AS priced
  UNION ALL
  SELECT
    priced.customer_id,
    'score',
    1001,
    2,
    priced.band_code
  FROM loan_offer_targeting.priced AS priced
  UNION ALL
  SELECT
    priced.customer_id,
    'score',
    1001,
    3,
    priced.risk_code
  FROM loan_offer_targeting.priced AS priced
  UNION ALL
  SELECT
    priced.customer_id,
    'offer',
    1002,
    1,
    priced.amount_code
  FROM loan_offer_targeting.priced AS priced
  UNION ALL
  SELECT
    priced.customer_id,
    'offer',
    1002,
    2,
    priced.rate_cap_code
  FROM loan_offer_targeting.priced AS priced
  UNION ALL
  SELECT
    priced.customer_id,
    'offer',
    1002,
    3,
    priced.military_code
  FROM loan_offer_targeting.priced AS priced
  UNION ALL
  SELECT
    priced.customer_id,
    'offer',
    1002,
    4,
    priced.record_code
  FROM loan_offer_targeting.priced AS priced
)
SELECT
  judged.customer_id,
  judged.filter_id,
  judged.filter_place,
  judged.rule_place,
  judged.code
FROM loan_offer_targeting.judged AS judged
UNION ALL
SELECT
  late.customer_id,
  late.filter_id,
  CAST(late.filter_place AS INT) AS filter_place,
  CAST(late.rule_place AS INT) AS rule_place,
  late.code
FROM late
WHERE
  NOT late.code IS NULL;
