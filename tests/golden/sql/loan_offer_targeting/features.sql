-- duckdb
SELECT
  subject.customer_id,
  CAST(customer.credit_score AS DOUBLE) AS credit_score,
  CAST(customer.income AS DOUBLE) AS income,
  CAST(customer.debt_to_income_ratio AS DOUBLE) AS debt_to_income,
  payment_delay.worst_payment_delay_3m,
  payment_delay.worst_payment_delay_6m,
  payment_delay.worst_payment_delay_12m,
  payment_delay.mean_payment_delay_3m,
  payment_delay.mean_payment_delay_6m,
  payment_delay.mean_payment_delay_12m,
  CAST(customer.account_age AS DOUBLE) AS account_age,
  CAST(customer.deposit_balance AS DOUBLE) AS deposit_balance,
  CAST(customer.savings_rate AS DOUBLE) AS savings_rate,
  CAST(customer.transactions_90d AS DOUBLE) AS transactions_90d,
  CAST(customer.overdrafts_12m AS DOUBLE) AS overdrafts_12m
FROM loan_offer_targeting.subject AS subject
INNER JOIN loan_offer_targeting.customers AS customer
  ON customer.customer_id = subject.customer_id
INNER JOIN (
  WITH due AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      (
        YEAR(subject.as_of) - YEAR(payment.due_on)
      ) * 12 + MONTH(subject.as_of) - MONTH(payment.due_on) AS months_ago,
      DATE_DIFF(
        'DAY',
        payment.due_on,
        CASE
          WHEN payment.paid_on <= subject.as_of
          THEN payment.paid_on
          ELSE subject.as_of
        END
      ) AS days_late
    FROM (
      SELECT
        CAST(subject.customer_id AS TEXT) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM loan_offer_targeting.subject AS subject
    ) AS subject
    INNER JOIN (
      SELECT
        CAST(NULL AS TEXT) AS customer_id,
        CAST(NULL AS DATE) AS due_on,
        CAST(NULL AS DATE) AS paid_on
      WHERE
        FALSE
    ) AS payment
      ON payment.customer_id = subject.customer_id AND payment.due_on <= subject.as_of
  ), reported AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      (
        YEAR(subject.as_of) - YEAR(history.reported_on)
      ) * 12 + MONTH(subject.as_of) - MONTH(history.reported_on) AS months_ago,
      history.payment_history,
      ROW_NUMBER() OVER (
        PARTITION BY subject.customer_id, subject.as_of
        ORDER BY history.reported_on DESC, history.payment_history DESC
      ) AS choice
    FROM (
      SELECT
        CAST(subject.customer_id AS TEXT) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM loan_offer_targeting.subject AS subject
    ) AS subject
    INNER JOIN (
      SELECT
        CAST(customer.customer_id AS TEXT) AS customer_id,
        CAST(CAST('2026-02-20' AS DATE) AS DATE) AS reported_on,
        CAST(customer.payment_history AS TEXT) AS payment_history
      FROM loan_offer_targeting.customers AS customer
    ) AS history
      ON history.customer_id = subject.customer_id
      AND history.reported_on <= subject.as_of
  ), delay AS (
    SELECT
      due.customer_id,
      due.as_of,
      due.months_ago,
      CASE
        WHEN due.days_late >= 180
        THEN 6
        WHEN due.days_late >= 150
        THEN 5
        WHEN due.days_late >= 120
        THEN 4
        WHEN due.days_late >= 90
        THEN 3
        WHEN due.days_late >= 60
        THEN 2
        WHEN due.days_late >= 30
        THEN 1
        ELSE 0
      END AS months_late
    FROM due
    UNION ALL
    SELECT
      reported.customer_id,
      reported.as_of,
      reported.months_ago + month.number - 1 AS months_ago,
      STRPOS('0123456', SUBSTRING(reported.payment_history, month.number, 1)) - 1 AS months_late
    FROM reported
    CROSS JOIN UNNEST(GENERATE_SERIES(1, 12)) AS month(number)
    WHERE
      reported.choice = 1 AND month.number <= LENGTH(reported.payment_history)
  ), month_delay AS (
    SELECT
      delay.customer_id,
      delay.as_of,
      delay.months_ago,
      CAST(MAX(delay.months_late) AS DOUBLE) AS months_late
    FROM delay
    WHERE
      delay.months_late >= 0 AND delay.months_ago < 12
    GROUP BY
      delay.customer_id,
      delay.as_of,
      delay.months_ago
  )
  SELECT
    subject.customer_id,
    subject.as_of,
    MAX(CASE WHEN month_delay.months_ago < 3 THEN month_delay.months_late END) AS worst_payment_delay_3m,
    MAX(CASE WHEN month_delay.months_ago < 6 THEN month_delay.months_late END) AS worst_payment_delay_6m,
    MAX(month_delay.months_late) AS worst_payment_delay_12m,
    AVG(CASE WHEN month_delay.months_ago < 3 THEN month_delay.months_late END) AS mean_payment_delay_3m,
    AVG(CASE WHEN month_delay.months_ago < 6 THEN month_delay.months_late END) AS mean_payment_delay_6m,
    AVG(month_delay.months_late) AS mean_payment_delay_12m
  FROM (
    SELECT
      CAST(subject.customer_id AS TEXT) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM loan_offer_targeting.subject AS subject
  ) AS subject
  LEFT JOIN month_delay
    ON month_delay.customer_id = subject.customer_id
    AND month_delay.as_of = subject.as_of
  GROUP BY
    subject.customer_id,
    subject.as_of
) AS payment_delay
  ON payment_delay.customer_id = subject.customer_id
  AND payment_delay.as_of = subject.as_of;

-- trino, athena
SELECT
  subject.customer_id,
  CAST(customer.credit_score AS DOUBLE) AS credit_score,
  CAST(customer.income AS DOUBLE) AS income,
  CAST(customer.debt_to_income_ratio AS DOUBLE) AS debt_to_income,
  payment_delay.worst_payment_delay_3m,
  payment_delay.worst_payment_delay_6m,
  payment_delay.worst_payment_delay_12m,
  payment_delay.mean_payment_delay_3m,
  payment_delay.mean_payment_delay_6m,
  payment_delay.mean_payment_delay_12m,
  CAST(customer.account_age AS DOUBLE) AS account_age,
  CAST(customer.deposit_balance AS DOUBLE) AS deposit_balance,
  CAST(customer.savings_rate AS DOUBLE) AS savings_rate,
  CAST(customer.transactions_90d AS DOUBLE) AS transactions_90d,
  CAST(customer.overdrafts_12m AS DOUBLE) AS overdrafts_12m
FROM loan_offer_targeting.subject AS subject
INNER JOIN loan_offer_targeting.customers AS customer
  ON customer.customer_id = subject.customer_id
INNER JOIN (
  WITH due AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      (
        YEAR(subject.as_of) - YEAR(payment.due_on)
      ) * 12 + MONTH(subject.as_of) - MONTH(payment.due_on) AS months_ago,
      DATE_DIFF(
        'DAY',
        payment.due_on,
        CASE
          WHEN payment.paid_on <= subject.as_of
          THEN payment.paid_on
          ELSE subject.as_of
        END
      ) AS days_late
    FROM (
      SELECT
        CAST(subject.customer_id AS VARCHAR) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM loan_offer_targeting.subject AS subject
    ) AS subject
    INNER JOIN (
      SELECT
        CAST(NULL AS VARCHAR) AS customer_id,
        CAST(NULL AS DATE) AS due_on,
        CAST(NULL AS DATE) AS paid_on
      WHERE
        FALSE
    ) AS payment
      ON payment.customer_id = subject.customer_id AND payment.due_on <= subject.as_of
  ), reported AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      (
        YEAR(subject.as_of) - YEAR(history.reported_on)
      ) * 12 + MONTH(subject.as_of) - MONTH(history.reported_on) AS months_ago,
      history.payment_history,
      ROW_NUMBER() OVER (
        PARTITION BY subject.customer_id, subject.as_of
        ORDER BY history.reported_on DESC, history.payment_history DESC
      ) AS choice
    FROM (
      SELECT
        CAST(subject.customer_id AS VARCHAR) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM loan_offer_targeting.subject AS subject
    ) AS subject
    INNER JOIN (
      SELECT
        CAST(customer.customer_id AS VARCHAR) AS customer_id,
        CAST(CAST('2026-02-20' AS DATE) AS DATE) AS reported_on,
        CAST(customer.payment_history AS VARCHAR) AS payment_history
      FROM loan_offer_targeting.customers AS customer
    ) AS history
      ON history.customer_id = subject.customer_id
      AND history.reported_on <= subject.as_of
  ), delay AS (
    SELECT
      due.customer_id,
      due.as_of,
      due.months_ago,
      CASE
        WHEN due.days_late >= 180
        THEN 6
        WHEN due.days_late >= 150
        THEN 5
        WHEN due.days_late >= 120
        THEN 4
        WHEN due.days_late >= 90
        THEN 3
        WHEN due.days_late >= 60
        THEN 2
        WHEN due.days_late >= 30
        THEN 1
        ELSE 0
      END AS months_late
    FROM due
    UNION ALL
    SELECT
      reported.customer_id,
      reported.as_of,
      reported.months_ago + month.number - 1 AS months_ago,
      STRPOS('0123456', SUBSTR(reported.payment_history, month.number, 1)) - 1 AS months_late
    FROM reported
    CROSS JOIN UNNEST(SEQUENCE(1, 12)) AS month(number)
    WHERE
      reported.choice = 1 AND month.number <= LENGTH(reported.payment_history)
  ), month_delay AS (
    SELECT
      delay.customer_id,
      delay.as_of,
      delay.months_ago,
      CAST(MAX(delay.months_late) AS DOUBLE) AS months_late
    FROM delay
    WHERE
      delay.months_late >= 0 AND delay.months_ago < 12
    GROUP BY
      delay.customer_id,
      delay.as_of,
      delay.months_ago
  )
  SELECT
    subject.customer_id,
    subject.as_of,
    MAX(CASE WHEN month_delay.months_ago < 3 THEN month_delay.months_late END) AS worst_payment_delay_3m,
    MAX(CASE WHEN month_delay.months_ago < 6 THEN month_delay.months_late END) AS worst_payment_delay_6m,
    MAX(month_delay.months_late) AS worst_payment_delay_12m,
    AVG(CASE WHEN month_delay.months_ago < 3 THEN month_delay.months_late END) AS mean_payment_delay_3m,
    AVG(CASE WHEN month_delay.months_ago < 6 THEN month_delay.months_late END) AS mean_payment_delay_6m,
    AVG(month_delay.months_late) AS mean_payment_delay_12m
  FROM (
    SELECT
      CAST(subject.customer_id AS VARCHAR) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM loan_offer_targeting.subject AS subject
  ) AS subject
  LEFT JOIN month_delay
    ON month_delay.customer_id = subject.customer_id
    AND month_delay.as_of = subject.as_of
  GROUP BY
    subject.customer_id,
    subject.as_of
) AS payment_delay
  ON payment_delay.customer_id = subject.customer_id
  AND payment_delay.as_of = subject.as_of;

-- spark
SELECT
  subject.customer_id,
  CAST(customer.credit_score AS DOUBLE) AS credit_score,
  CAST(customer.income AS DOUBLE) AS income,
  CAST(customer.debt_to_income_ratio AS DOUBLE) AS debt_to_income,
  payment_delay.worst_payment_delay_3m,
  payment_delay.worst_payment_delay_6m,
  payment_delay.worst_payment_delay_12m,
  payment_delay.mean_payment_delay_3m,
  payment_delay.mean_payment_delay_6m,
  payment_delay.mean_payment_delay_12m,
  CAST(customer.account_age AS DOUBLE) AS account_age,
  CAST(customer.deposit_balance AS DOUBLE) AS deposit_balance,
  CAST(customer.savings_rate AS DOUBLE) AS savings_rate,
  CAST(customer.transactions_90d AS DOUBLE) AS transactions_90d,
  CAST(customer.overdrafts_12m AS DOUBLE) AS overdrafts_12m
FROM loan_offer_targeting.subject AS subject
INNER JOIN loan_offer_targeting.customers AS customer
  ON customer.customer_id = subject.customer_id
INNER JOIN (
  WITH due AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      (
        YEAR(subject.as_of) - YEAR(payment.due_on)
      ) * 12 + MONTH(subject.as_of) - MONTH(payment.due_on) AS months_ago,
      DATEDIFF(
        DAY,
        payment.due_on,
        CASE
          WHEN payment.paid_on <= subject.as_of
          THEN payment.paid_on
          ELSE subject.as_of
        END
      ) AS days_late
    FROM (
      SELECT
        CAST(subject.customer_id AS STRING) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM loan_offer_targeting.subject AS subject
    ) AS subject
    INNER JOIN (
      SELECT
        CAST(NULL AS STRING) AS customer_id,
        CAST(NULL AS DATE) AS due_on,
        CAST(NULL AS DATE) AS paid_on
      WHERE
        FALSE
    ) AS payment
      ON payment.customer_id = subject.customer_id AND payment.due_on <= subject.as_of
  ), reported AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      (
        YEAR(subject.as_of) - YEAR(history.reported_on)
      ) * 12 + MONTH(subject.as_of) - MONTH(history.reported_on) AS months_ago,
      history.payment_history,
      ROW_NUMBER() OVER (
        PARTITION BY subject.customer_id, subject.as_of
        ORDER BY history.reported_on DESC, history.payment_history DESC
      ) AS choice
    FROM (
      SELECT
        CAST(subject.customer_id AS STRING) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM loan_offer_targeting.subject AS subject
    ) AS subject
    INNER JOIN (
      SELECT
        CAST(customer.customer_id AS STRING) AS customer_id,
        CAST(CAST('2026-02-20' AS DATE) AS DATE) AS reported_on,
        CAST(customer.payment_history AS STRING) AS payment_history
      FROM loan_offer_targeting.customers AS customer
    ) AS history
      ON history.customer_id = subject.customer_id
      AND history.reported_on <= subject.as_of
  ), delay AS (
    SELECT
      due.customer_id,
      due.as_of,
      due.months_ago,
      CASE
        WHEN due.days_late >= 180
        THEN 6
        WHEN due.days_late >= 150
        THEN 5
        WHEN due.days_late >= 120
        THEN 4
        WHEN due.days_late >= 90
        THEN 3
        WHEN due.days_late >= 60
        THEN 2
        WHEN due.days_late >= 30
        THEN 1
        ELSE 0
      END AS months_late
    FROM due
    UNION ALL
    SELECT
      reported.customer_id,
      reported.as_of,
      reported.months_ago + month.number - 1 AS months_ago,
      LOCATE(SUBSTRING(reported.payment_history, month.number, 1), '0123456') - 1 AS months_late
    FROM reported
    LATERAL VIEW
    EXPLODE(SEQUENCE(1, 12)) month AS number
    WHERE
      reported.choice = 1 AND month.number <= LENGTH(reported.payment_history)
  ), month_delay AS (
    SELECT
      delay.customer_id,
      delay.as_of,
      delay.months_ago,
      CAST(MAX(delay.months_late) AS DOUBLE) AS months_late
    FROM delay
    WHERE
      delay.months_late >= 0 AND delay.months_ago < 12
    GROUP BY
      delay.customer_id,
      delay.as_of,
      delay.months_ago
  )
  SELECT
    subject.customer_id,
    subject.as_of,
    MAX(CASE WHEN month_delay.months_ago < 3 THEN month_delay.months_late END) AS worst_payment_delay_3m,
    MAX(CASE WHEN month_delay.months_ago < 6 THEN month_delay.months_late END) AS worst_payment_delay_6m,
    MAX(month_delay.months_late) AS worst_payment_delay_12m,
    AVG(CASE WHEN month_delay.months_ago < 3 THEN month_delay.months_late END) AS mean_payment_delay_3m,
    AVG(CASE WHEN month_delay.months_ago < 6 THEN month_delay.months_late END) AS mean_payment_delay_6m,
    AVG(month_delay.months_late) AS mean_payment_delay_12m
  FROM (
    SELECT
      CAST(subject.customer_id AS STRING) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM loan_offer_targeting.subject AS subject
  ) AS subject
  LEFT JOIN month_delay
    ON month_delay.customer_id = subject.customer_id
    AND month_delay.as_of = subject.as_of
  GROUP BY
    subject.customer_id,
    subject.as_of
) AS payment_delay
  ON payment_delay.customer_id = subject.customer_id
  AND payment_delay.as_of = subject.as_of;
