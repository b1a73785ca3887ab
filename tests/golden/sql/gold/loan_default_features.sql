-- duckdb
WITH month_before AS (
  SELECT
    loan.loan_id,
    account_month.inflow,
    account_month.outflow,
    account_month.closing_balance,
    account_month.days_below_zero,
    ROW_NUMBER() OVER (PARTITION BY loan.loan_id ORDER BY account_month.month DESC) AS months_ago
  FROM silver.loan AS loan
  INNER JOIN gold.account_month AS account_month
    ON account_month.account_id = loan.account_id
    AND account_month.currency = loan.currency
    AND account_month.month < CAST(DATE_TRUNC('MONTH', loan.granted_on) AS DATE)
  WHERE
    account_month.transactions > 0
), summed AS (
  SELECT
    month_before.loan_id,
    COUNT(*) AS months_of_history,
    CASE WHEN COUNT(*) IS NULL OR 12 IS NULL THEN NULL ELSE LEAST(COUNT(*), 12) END AS months,
    SUM(CASE WHEN month_before.months_ago <= 12 THEN month_before.inflow END) AS inflow,
    SUM(
      CASE
        WHEN month_before.months_ago <= 12
        THEN month_before.inflow * month_before.inflow
      END
    ) AS inflow_squares,
    SUM(CASE WHEN month_before.months_ago <= 3 THEN month_before.inflow END) AS newest_inflow,
    SUM(CASE WHEN month_before.months_ago <= 12 THEN month_before.outflow END) AS outflow,
    SUM(CASE WHEN month_before.months_ago <= 12 THEN month_before.closing_balance END) AS balance,
    SUM(CASE WHEN month_before.months_ago <= 3 THEN month_before.closing_balance END) AS newest_balance,
    SUM(CASE WHEN month_before.months_ago <= 12 THEN month_before.days_below_zero END) AS days_below_zero
  FROM month_before
  GROUP BY
    month_before.loan_id
), outcome AS (
  SELECT
    loan.loan_id,
    CAST(loan.granted_on + INTERVAL (CAST('12' AS BIGINT)) MONTH AS DATE) AS known_on
  FROM silver.loan AS loan
), owner AS (
  SELECT
    disposition.account_id,
    MIN(disposition.client_id) AS client_id
  FROM silver.disposition AS disposition
  WHERE
    disposition.role = 'owner'
  GROUP BY
    disposition.account_id
)
SELECT
  loan.loan_id,
  owner.client_id,
  loan.account_id,
  loan.granted_on,
  CAST(loan.duration_months AS DOUBLE) AS duration_months,
  CAST(summed.months_of_history AS DOUBLE) AS months_of_history,
  CASE
    WHEN summed.inflow > 0
    THEN CAST(loan.monthly_payment * summed.months AS DOUBLE) / CAST(summed.inflow AS DOUBLE)
  END AS payment_to_inflow,
  CASE
    WHEN summed.inflow > 0
    THEN CAST(summed.outflow AS DOUBLE) / CAST(summed.inflow AS DOUBLE)
  END AS outflow_to_inflow,
  CASE
    WHEN summed.months >= 3 AND summed.inflow > 0
    THEN SQRT(
      CAST(summed.months * summed.inflow_squares - summed.inflow * summed.inflow AS DOUBLE) * CAST(summed.months AS DOUBLE) / CAST(summed.months - 1 AS DOUBLE)
    ) / CAST(summed.inflow AS DOUBLE)
  END AS inflow_variation,
  CASE
    WHEN summed.months >= 6 AND summed.inflow > 0
    THEN CAST(summed.newest_inflow * summed.months AS DOUBLE) / CAST(summed.inflow * 3 AS DOUBLE)
  END AS inflow_trend,
  CASE
    WHEN loan.monthly_payment > 0
    THEN CAST(summed.balance AS DOUBLE) / CAST(loan.monthly_payment * summed.months AS DOUBLE)
  END AS balance_to_payment,
  CASE
    WHEN summed.months >= 6 AND loan.monthly_payment > 0
    THEN CAST(summed.newest_balance * summed.months - summed.balance * 3 AS DOUBLE) / CAST(loan.monthly_payment * summed.months * 3 AS DOUBLE)
  END AS balance_trend,
  CAST(summed.days_below_zero AS DOUBLE) AS days_below_zero,
  CASE WHEN outcome.known_on <= CAST('2026-02-20' AS DATE) THEN loan.is_default END AS defaulted,
  CASE WHEN outcome.known_on <= CAST('2026-02-20' AS DATE) THEN outcome.known_on END AS outcome_known_on
FROM silver.loan AS loan
INNER JOIN summed
  ON summed.loan_id = loan.loan_id
INNER JOIN outcome
  ON outcome.loan_id = loan.loan_id
LEFT JOIN owner
  ON owner.account_id = loan.account_id
WHERE
  loan.granted_on <= CAST('2026-02-20' AS DATE);

-- trino, athena
WITH month_before AS (
  SELECT
    loan.loan_id,
    account_month.inflow,
    account_month.outflow,
    account_month.closing_balance,
    account_month.days_below_zero,
    ROW_NUMBER() OVER (PARTITION BY loan.loan_id ORDER BY account_month.month DESC) AS months_ago
  FROM silver.loan AS loan
  INNER JOIN gold.account_month AS account_month
    ON account_month.account_id = loan.account_id
    AND account_month.currency = loan.currency
    AND account_month.month < CAST(DATE_TRUNC('MONTH', loan.granted_on) AS DATE)
  WHERE
    account_month.transactions > 0
), summed AS (
  SELECT
    month_before.loan_id,
    COUNT(*) AS months_of_history,
    LEAST(COUNT(*), 12) AS months,
    SUM(CASE WHEN month_before.months_ago <= 12 THEN month_before.inflow END) AS inflow,
    SUM(
      CASE
        WHEN month_before.months_ago <= 12
        THEN month_before.inflow * month_before.inflow
      END
    ) AS inflow_squares,
    SUM(CASE WHEN month_before.months_ago <= 3 THEN month_before.inflow END) AS newest_inflow,
    SUM(CASE WHEN month_before.months_ago <= 12 THEN month_before.outflow END) AS outflow,
    SUM(CASE WHEN month_before.months_ago <= 12 THEN month_before.closing_balance END) AS balance,
    SUM(CASE WHEN month_before.months_ago <= 3 THEN month_before.closing_balance END) AS newest_balance,
    SUM(CASE WHEN month_before.months_ago <= 12 THEN month_before.days_below_zero END) AS days_below_zero
  FROM month_before
  GROUP BY
    month_before.loan_id
), outcome AS (
  SELECT
    loan.loan_id,
    CAST(DATE_ADD('MONTH', CAST('12' AS BIGINT), loan.granted_on) AS DATE) AS known_on
  FROM silver.loan AS loan
), owner AS (
  SELECT
    disposition.account_id,
    MIN(disposition.client_id) AS client_id
  FROM silver.disposition AS disposition
  WHERE
    disposition.role = 'owner'
  GROUP BY
    disposition.account_id
)
SELECT
  loan.loan_id,
  owner.client_id,
  loan.account_id,
  loan.granted_on,
  CAST(loan.duration_months AS DOUBLE) AS duration_months,
  CAST(summed.months_of_history AS DOUBLE) AS months_of_history,
  CASE
    WHEN summed.inflow > 0
    THEN CAST(loan.monthly_payment * summed.months AS DOUBLE) / CAST(summed.inflow AS DOUBLE)
  END AS payment_to_inflow,
  CASE
    WHEN summed.inflow > 0
    THEN CAST(summed.outflow AS DOUBLE) / CAST(summed.inflow AS DOUBLE)
  END AS outflow_to_inflow,
  CASE
    WHEN summed.months >= 3 AND summed.inflow > 0
    THEN SQRT(
      CAST(summed.months * summed.inflow_squares - summed.inflow * summed.inflow AS DOUBLE) * CAST(summed.months AS DOUBLE) / CAST(summed.months - 1 AS DOUBLE)
    ) / CAST(summed.inflow AS DOUBLE)
  END AS inflow_variation,
  CASE
    WHEN summed.months >= 6 AND summed.inflow > 0
    THEN CAST(summed.newest_inflow * summed.months AS DOUBLE) / CAST(summed.inflow * 3 AS DOUBLE)
  END AS inflow_trend,
  CASE
    WHEN loan.monthly_payment > 0
    THEN CAST(summed.balance AS DOUBLE) / CAST(loan.monthly_payment * summed.months AS DOUBLE)
  END AS balance_to_payment,
  CASE
    WHEN summed.months >= 6 AND loan.monthly_payment > 0
    THEN CAST(summed.newest_balance * summed.months - summed.balance * 3 AS DOUBLE) / CAST(loan.monthly_payment * summed.months * 3 AS DOUBLE)
  END AS balance_trend,
  CAST(summed.days_below_zero AS DOUBLE) AS days_below_zero,
  CASE WHEN outcome.known_on <= CAST('2026-02-20' AS DATE) THEN loan.is_default END AS defaulted,
  CASE WHEN outcome.known_on <= CAST('2026-02-20' AS DATE) THEN outcome.known_on END AS outcome_known_on
FROM silver.loan AS loan
INNER JOIN summed
  ON summed.loan_id = loan.loan_id
INNER JOIN outcome
  ON outcome.loan_id = loan.loan_id
LEFT JOIN owner
  ON owner.account_id = loan.account_id
WHERE
  loan.granted_on <= CAST('2026-02-20' AS DATE);

-- spark
WITH month_before AS (
  SELECT
    loan.loan_id,
    account_month.inflow,
    account_month.outflow,
    account_month.closing_balance,
    account_month.days_below_zero,
    ROW_NUMBER() OVER (PARTITION BY loan.loan_id ORDER BY account_month.month DESC) AS months_ago
  FROM silver.loan AS loan
  INNER JOIN gold.account_month AS account_month
    ON account_month.account_id = loan.account_id
    AND account_month.currency = loan.currency
    AND account_month.month < CAST(DATE_TRUNC('MONTH', loan.granted_on) AS DATE)
  WHERE
    account_month.transactions > 0
), summed AS (
  SELECT
    month_before.loan_id,
    COUNT(*) AS months_of_history,
    LEAST(COUNT(*), 12) AS months,
    SUM(CASE WHEN month_before.months_ago <= 12 THEN month_before.inflow END) AS inflow,
    SUM(
      CASE
        WHEN month_before.months_ago <= 12
        THEN month_before.inflow * month_before.inflow
      END
    ) AS inflow_squares,
    SUM(CASE WHEN month_before.months_ago <= 3 THEN month_before.inflow END) AS newest_inflow,
    SUM(CASE WHEN month_before.months_ago <= 12 THEN month_before.outflow END) AS outflow,
    SUM(CASE WHEN month_before.months_ago <= 12 THEN month_before.closing_balance END) AS balance,
    SUM(CASE WHEN month_before.months_ago <= 3 THEN month_before.closing_balance END) AS newest_balance,
    SUM(CASE WHEN month_before.months_ago <= 12 THEN month_before.days_below_zero END) AS days_below_zero
  FROM month_before
  GROUP BY
    month_before.loan_id
), outcome AS (
  SELECT
    loan.loan_id,
    CAST(ADD_MONTHS(loan.granted_on, CAST(CAST('12' AS BIGINT) AS INT)) AS DATE) AS known_on
  FROM silver.loan AS loan
), owner AS (
  SELECT
    disposition.account_id,
    MIN(disposition.client_id) AS client_id
  FROM silver.disposition AS disposition
  WHERE
    disposition.role = 'owner'
  GROUP BY
    disposition.account_id
)
SELECT
  loan.loan_id,
  owner.client_id,
  loan.account_id,
  loan.granted_on,
  CAST(loan.duration_months AS DOUBLE) AS duration_months,
  CAST(summed.months_of_history AS DOUBLE) AS months_of_history,
  CASE
    WHEN summed.inflow > 0
    THEN CAST(loan.monthly_payment * summed.months AS DOUBLE) / CAST(summed.inflow AS DOUBLE)
  END AS payment_to_inflow,
  CASE
    WHEN summed.inflow > 0
    THEN CAST(summed.outflow AS DOUBLE) / CAST(summed.inflow AS DOUBLE)
  END AS outflow_to_inflow,
  CASE
    WHEN summed.months >= 3 AND summed.inflow > 0
    THEN SQRT(
      CAST(summed.months * summed.inflow_squares - summed.inflow * summed.inflow AS DOUBLE) * CAST(summed.months AS DOUBLE) / CAST(summed.months - 1 AS DOUBLE)
    ) / CAST(summed.inflow AS DOUBLE)
  END AS inflow_variation,
  CASE
    WHEN summed.months >= 6 AND summed.inflow > 0
    THEN CAST(summed.newest_inflow * summed.months AS DOUBLE) / CAST(summed.inflow * 3 AS DOUBLE)
  END AS inflow_trend,
  CASE
    WHEN loan.monthly_payment > 0
    THEN CAST(summed.balance AS DOUBLE) / CAST(loan.monthly_payment * summed.months AS DOUBLE)
  END AS balance_to_payment,
  CASE
    WHEN summed.months >= 6 AND loan.monthly_payment > 0
    THEN CAST(summed.newest_balance * summed.months - summed.balance * 3 AS DOUBLE) / CAST(loan.monthly_payment * summed.months * 3 AS DOUBLE)
  END AS balance_trend,
  CAST(summed.days_below_zero AS DOUBLE) AS days_below_zero,
  CASE WHEN outcome.known_on <= CAST('2026-02-20' AS DATE) THEN loan.is_default END AS defaulted,
  CASE WHEN outcome.known_on <= CAST('2026-02-20' AS DATE) THEN outcome.known_on END AS outcome_known_on
FROM silver.loan AS loan
INNER JOIN summed
  ON summed.loan_id = loan.loan_id
INNER JOIN outcome
  ON outcome.loan_id = loan.loan_id
LEFT JOIN owner
  ON owner.account_id = loan.account_id
WHERE
  loan.granted_on <= CAST('2026-02-20' AS DATE);
