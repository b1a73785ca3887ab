-- duckdb
WITH history AS (
  SELECT
    MAX(account_month.month) AS last_month
  FROM gold.account_month AS account_month
), due AS (
  SELECT
    loan.account_id,
    loan.currency,
    loan.monthly_payment AS amount,
    CAST(loan.granted_on + INTERVAL (step.number) MONTH AS DATE) AS due_on
  FROM silver.loan AS loan
  CROSS JOIN UNNEST(GENERATE_SERIES(
    1,
    CASE
      WHEN 600 IS NULL
      OR CASE
        WHEN 1 IS NULL OR loan.duration_months IS NULL
        THEN NULL
        ELSE GREATEST(1, loan.duration_months)
      END IS NULL
      THEN NULL
      ELSE LEAST(
        600,
        CASE
          WHEN 1 IS NULL OR loan.duration_months IS NULL
          THEN NULL
          ELSE GREATEST(1, loan.duration_months)
        END
      )
    END
  )) AS step(number)
), paid AS (
  SELECT
    booked.account_id,
    booked.currency,
    booked.amount,
    booked.booked_on
  FROM silver."transaction" AS booked
  WHERE
    booked.purpose = 'loan' AND booked.direction = 'out'
), change AS (
  SELECT
    loan.account_id,
    loan.currency,
    CAST(DATE_TRUNC('MONTH', loan.granted_on) AS DATE) AS month,
    loan.monthly_payment * loan.duration_months AS agreed,
    0 AS paid,
    0 AS due,
    0 AS due_30_days,
    0 AS due_60_days,
    0 AS due_90_days
  FROM silver.loan AS loan
  UNION ALL
  SELECT
    paid.account_id,
    paid.currency,
    CAST(DATE_TRUNC('MONTH', paid.booked_on) AS DATE) AS month,
    0 AS agreed,
    paid.amount AS paid,
    0 AS due,
    0 AS due_30_days,
    0 AS due_60_days,
    0 AS due_90_days
  FROM paid
  UNION ALL
  SELECT
    due.account_id,
    due.currency,
    CAST(DATE_TRUNC('MONTH', due.due_on + INTERVAL (lateness.days) DAY) AS DATE) AS month,
    0 AS agreed,
    0 AS paid,
    CASE lateness.days WHEN 0 THEN due.amount ELSE 0 END AS due,
    CASE lateness.days WHEN 30 THEN due.amount ELSE 0 END AS due_30_days,
    CASE lateness.days WHEN 60 THEN due.amount ELSE 0 END AS due_60_days,
    CASE lateness.days WHEN 90 THEN due.amount ELSE 0 END AS due_90_days
  FROM due
  CROSS JOIN (VALUES
    (0),
    (30),
    (60),
    (90)) AS lateness(days)
), changed AS (
  SELECT
    change.account_id,
    change.currency,
    change.month,
    SUM(change.agreed) AS agreed,
    SUM(change.paid) AS paid,
    SUM(change.due) AS due,
    SUM(change.due_30_days) AS due_30_days,
    SUM(change.due_60_days) AS due_60_days,
    SUM(change.due_90_days) AS due_90_days
  FROM change
  GROUP BY
    change.account_id,
    change.currency,
    change.month
), span AS (
  SELECT
    loan.account_id,
    loan.currency,
    CAST(DATE_TRUNC('MONTH', MIN(loan.granted_on)) AS DATE) AS first_month
  FROM silver.loan AS loan
  GROUP BY
    loan.account_id,
    loan.currency
), calendar AS (
  SELECT
    span.account_id,
    span.currency,
    CAST(span.first_month + INTERVAL (step.number) MONTH AS DATE) AS month
  FROM span
  CROSS JOIN history
  CROSS JOIN UNNEST(GENERATE_SERIES(
    0,
    CASE
      WHEN 1199 IS NULL
      OR (
        (
          YEAR(history.last_month) - YEAR(span.first_month)
        ) * 12 + MONTH(history.last_month) - MONTH(span.first_month)
      ) IS NULL
      THEN NULL
      ELSE LEAST(
        1199,
        (
          YEAR(history.last_month) - YEAR(span.first_month)
        ) * 12 + MONTH(history.last_month) - MONTH(span.first_month)
      )
    END
  )) AS step(number)
  WHERE
    span.first_month <= history.last_month
), account_state AS (
  SELECT
    calendar.account_id,
    calendar.currency,
    calendar.month,
    SUM(changed.agreed) OVER until_month AS agreed,
    SUM(changed.paid) OVER until_month AS paid,
    SUM(changed.due) OVER until_month AS due,
    SUM(changed.due_30_days) OVER until_month AS due_30_days,
    SUM(changed.due_60_days) OVER until_month AS due_60_days,
    SUM(changed.due_90_days) OVER until_month AS due_90_days
  FROM calendar
  LEFT JOIN changed
    ON changed.account_id = calendar.account_id
    AND changed.currency = calendar.currency
    AND changed.month = calendar.month
  WINDOW until_month AS (
    PARTITION BY calendar.account_id, calendar.currency
    ORDER BY calendar.month ASC
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
), state AS (
  SELECT
    account_state.month,
    account_state.currency,
    SUM(
      CASE
        WHEN (
          account_state.agreed - account_state.paid
        ) IS NULL OR 0 IS NULL
        THEN NULL
        ELSE GREATEST(account_state.agreed - account_state.paid, 0)
      END
    ) AS exposure,
    SUM(
      CASE
        WHEN (
          account_state.due - account_state.paid
        ) IS NULL OR 0 IS NULL
        THEN NULL
        ELSE GREATEST(account_state.due - account_state.paid, 0)
      END
    ) AS overdue,
    SUM(CASE WHEN account_state.due_30_days > account_state.paid THEN 1 ELSE 0 END) AS arrears_30_days,
    SUM(CASE WHEN account_state.due_60_days > account_state.paid THEN 1 ELSE 0 END) AS arrears_60_days,
    SUM(CASE WHEN account_state.due_90_days > account_state.paid THEN 1 ELSE 0 END) AS arrears_90_days
  FROM account_state
  GROUP BY
    account_state.month,
    account_state.currency
), loan_month AS (
  SELECT
    state.month,
    state.currency,
    SUM(
      CASE
        WHEN CAST(DATE_TRUNC('MONTH', loan.granted_on) AS DATE) = state.month
        THEN 1
        ELSE 0
      END
    ) AS granted,
    SUM(
      CASE
        WHEN CAST(loan.granted_on + INTERVAL (loan.duration_months) MONTH AS DATE) >= CAST(state.month + INTERVAL 1 MONTH AS DATE)
        THEN 1
        ELSE 0
      END
    ) AS loans,
    SUM(CASE WHEN loan.is_default THEN 1 ELSE 0 END) AS defaults
  FROM state
  INNER JOIN silver.loan AS loan
    ON loan.currency = state.currency
    AND loan.granted_on < CAST(state.month + INTERVAL 1 MONTH AS DATE)
  GROUP BY
    state.month,
    state.currency
), by_reason AS (
  SELECT
    quarantine.reason,
    COUNT(*) AS quarantined_rows
  FROM silver.quarantine AS quarantine
  GROUP BY
    quarantine.reason
), quarantined AS (
  SELECT
    SUM(by_reason.quarantined_rows) AS quarantined_rows,
    ARRAY_TO_STRING(
      ARRAY_AGG(
        by_reason.reason || ': ' || CAST(by_reason.quarantined_rows AS TEXT) ORDER BY by_reason.reason ASC
      ),
      ', '
    ) AS quarantined_by_reason
  FROM by_reason
)
SELECT
  state.month,
  state.currency,
  CAST(loan_month.granted AS BIGINT) AS granted,
  CAST(loan_month.loans AS BIGINT) AS loans,
  CAST(state.exposure AS DECIMAL(18, 2)) AS exposure,
  CAST(state.overdue AS DECIMAL(18, 2)) AS overdue,
  CAST(state.arrears_30_days AS BIGINT) AS arrears_30_days,
  CAST(state.arrears_60_days AS BIGINT) AS arrears_60_days,
  CAST(state.arrears_90_days AS BIGINT) AS arrears_90_days,
  CAST(loan_month.defaults AS BIGINT) AS defaults,
  CAST(COALESCE(quarantined.quarantined_rows, 0) AS BIGINT) AS quarantined_rows,
  CAST(COALESCE(quarantined.quarantined_by_reason, '') AS TEXT) AS quarantined_by_reason,
  CASE
    WHEN CAST('3' AS BIGINT) + CAST('1' AS BIGINT) > 0
    THEN 100E0 * CAST(CAST('3' AS BIGINT) AS DOUBLE) / CAST(CAST('3' AS BIGINT) + CAST('1' AS BIGINT) AS DOUBLE)
  END AS masked_columns_pct,
  CAST('3a02f847c2568819d1dab89946196b14009ff873c468c5bcf21bba569f1597b5' AS TEXT) AS lineage_sha256
FROM state
INNER JOIN loan_month
  ON loan_month.month = state.month AND loan_month.currency = state.currency
CROSS JOIN quarantined;

-- trino, athena
WITH history AS (
  SELECT
    MAX(account_month.month) AS last_month
  FROM gold.account_month AS account_month
), due AS (
  SELECT
    loan.account_id,
    loan.currency,
    loan.monthly_payment AS amount,
    CAST(DATE_ADD('MONTH', CAST(step.number AS BIGINT), loan.granted_on) AS DATE) AS due_on
  FROM silver.loan AS loan
  CROSS JOIN UNNEST(SEQUENCE(1, LEAST(600, GREATEST(1, loan.duration_months)))) AS step(number)
), paid AS (
  SELECT
    booked.account_id,
    booked.currency,
    booked.amount,
    booked.booked_on
  FROM silver."transaction" AS booked
  WHERE
    booked.purpose = 'loan' AND booked.direction = 'out'
), change AS (
  SELECT
    loan.account_id,
    loan.currency,
    CAST(DATE_TRUNC('MONTH', loan.granted_on) AS DATE) AS month,
    loan.monthly_payment * loan.duration_months AS agreed,
    0 AS paid,
    0 AS due,
    0 AS due_30_days,
    0 AS due_60_days,
    0 AS due_90_days
  FROM silver.loan AS loan
  UNION ALL
  SELECT
    paid.account_id,
    paid.currency,
    CAST(DATE_TRUNC('MONTH', paid.booked_on) AS DATE) AS month,
    0 AS agreed,
    paid.amount AS paid,
    0 AS due,
    0 AS due_30_days,
    0 AS due_60_days,
    0 AS due_90_days
  FROM paid
  UNION ALL
  SELECT
    due.account_id,
    due.currency,
    CAST(DATE_TRUNC('MONTH', DATE_ADD('DAY', CAST(lateness.days AS BIGINT), due.due_on)) AS DATE) AS month,
    0 AS agreed,
    0 AS paid,
    CASE lateness.days WHEN 0 THEN due.amount ELSE 0 END AS due,
    CASE lateness.days WHEN 30 THEN due.amount ELSE 0 END AS due_30_days,
    CASE lateness.days WHEN 60 THEN due.amount ELSE 0 END AS due_60_days,
    CASE lateness.days WHEN 90 THEN due.amount ELSE 0 END AS due_90_days
  FROM due
  CROSS JOIN (VALUES
    (0),
    (30),
    (60),
    (90)) AS lateness(days)
), changed AS (
  SELECT
    change.account_id,
    change.currency,
    change.month,
    SUM(change.agreed) AS agreed,
    SUM(change.paid) AS paid,
    SUM(change.due) AS due,
    SUM(change.due_30_days) AS due_30_days,
    SUM(change.due_60_days) AS due_60_days,
    SUM(change.due_90_days) AS due_90_days
  FROM change
  GROUP BY
    change.account_id,
    change.currency,
    change.month
), span AS (
  SELECT
    loan.account_id,
    loan.currency,
    CAST(DATE_TRUNC('MONTH', MIN(loan.granted_on)) AS DATE) AS first_month
  FROM silver.loan AS loan
  GROUP BY
    loan.account_id,
    loan.currency
), calendar AS (
  SELECT
    span.account_id,
    span.currency,
    CAST(DATE_ADD('MONTH', CAST(step.number AS BIGINT), span.first_month) AS DATE) AS month
  FROM span
  CROSS JOIN history
  CROSS JOIN UNNEST(SEQUENCE(
    0,
    LEAST(
      1199,
      (
        YEAR(history.last_month) - YEAR(span.first_month)
      ) * 12 + MONTH(history.last_month) - MONTH(span.first_month)
    )
  )) AS step(number)
  WHERE
    span.first_month <= history.last_month
), account_state AS (
  SELECT
    calendar.account_id,
    calendar.currency,
    calendar.month,
    SUM(changed.agreed) OVER until_month AS agreed,
    SUM(changed.paid) OVER until_month AS paid,
    SUM(changed.due) OVER until_month AS due,
    SUM(changed.due_30_days) OVER until_month AS due_30_days,
    SUM(changed.due_60_days) OVER until_month AS due_60_days,
    SUM(changed.due_90_days) OVER until_month AS due_90_days
  FROM calendar
  LEFT JOIN changed
    ON changed.account_id = calendar.account_id
    AND changed.currency = calendar.currency
    AND changed.month = calendar.month
  WINDOW until_month AS (
    PARTITION BY calendar.account_id, calendar.currency
    ORDER BY calendar.month ASC
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
), state AS (
  SELECT
    account_state.month,
    account_state.currency,
    SUM(GREATEST(account_state.agreed - account_state.paid, 0)) AS exposure,
    SUM(GREATEST(account_state.due - account_state.paid, 0)) AS overdue,
    SUM(CASE WHEN account_state.due_30_days > account_state.paid THEN 1 ELSE 0 END) AS arrears_30_days,
    SUM(CASE WHEN account_state.due_60_days > account_state.paid THEN 1 ELSE 0 END) AS arrears_60_days,
    SUM(CASE WHEN account_state.due_90_days > account_state.paid THEN 1 ELSE 0 END) AS arrears_90_days
  FROM account_state
  GROUP BY
    account_state.month,
    account_state.currency
), loan_month AS (
  SELECT
    state.month,
    state.currency,
    SUM(
      CASE
        WHEN CAST(DATE_TRUNC('MONTH', loan.granted_on) AS DATE) = state.month
        THEN 1
        ELSE 0
      END
    ) AS granted,
    SUM(
      CASE
        WHEN CAST(DATE_ADD('MONTH', CAST(loan.duration_months AS BIGINT), loan.granted_on) AS DATE) >= CAST(DATE_ADD('MONTH', 1, state.month) AS DATE)
        THEN 1
        ELSE 0
      END
    ) AS loans,
    SUM(CASE WHEN loan.is_default THEN 1 ELSE 0 END) AS defaults
  FROM state
  INNER JOIN silver.loan AS loan
    ON loan.currency = state.currency
    AND loan.granted_on < CAST(DATE_ADD('MONTH', 1, state.month) AS DATE)
  GROUP BY
    state.month,
    state.currency
), by_reason AS (
  SELECT
    quarantine.reason,
    COUNT(*) AS quarantined_rows
  FROM silver.quarantine AS quarantine
  GROUP BY
    quarantine.reason
), quarantined AS (
  SELECT
    SUM(by_reason.quarantined_rows) AS quarantined_rows,
    ARRAY_JOIN(
      ARRAY_AGG(
        CONCAT(by_reason.reason, ': ', CAST(by_reason.quarantined_rows AS VARCHAR)) ORDER BY by_reason.reason ASC
      ),
      ', '
    ) AS quarantined_by_reason
  FROM by_reason
)
SELECT
  state.month,
  state.currency,
  CAST(loan_month.granted AS BIGINT) AS granted,
  CAST(loan_month.loans AS BIGINT) AS loans,
  CAST(state.exposure AS DECIMAL(18, 2)) AS exposure,
  CAST(state.overdue AS DECIMAL(18, 2)) AS overdue,
  CAST(state.arrears_30_days AS BIGINT) AS arrears_30_days,
  CAST(state.arrears_60_days AS BIGINT) AS arrears_60_days,
  CAST(state.arrears_90_days AS BIGINT) AS arrears_90_days,
  CAST(loan_month.defaults AS BIGINT) AS defaults,
  CAST(COALESCE(quarantined.quarantined_rows, 0) AS BIGINT) AS quarantined_rows,
  CAST(COALESCE(quarantined.quarantined_by_reason, '') AS VARCHAR) AS quarantined_by_reason,
  CASE
    WHEN CAST('3' AS BIGINT) + CAST('1' AS BIGINT) > 0
    THEN 100E0 * CAST(CAST('3' AS BIGINT) AS DOUBLE) / CAST(CAST('3' AS BIGINT) + CAST('1' AS BIGINT) AS DOUBLE)
  END AS masked_columns_pct,
  CAST('3a02f847c2568819d1dab89946196b14009ff873c468c5bcf21bba569f1597b5' AS VARCHAR) AS lineage_sha256
FROM state
INNER JOIN loan_month
  ON loan_month.month = state.month AND loan_month.currency = state.currency
CROSS JOIN quarantined;

-- spark
WITH history AS (
  SELECT
    MAX(account_month.month) AS last_month
  FROM gold.account_month AS account_month
), due AS (
  SELECT
    loan.account_id,
    loan.currency,
    loan.monthly_payment AS amount,
    CAST(ADD_MONTHS(loan.granted_on, CAST(step.number AS INT)) AS DATE) AS due_on
  FROM silver.loan AS loan
  LATERAL VIEW
  EXPLODE(SEQUENCE(1, LEAST(600, GREATEST(1, loan.duration_months)))) step AS number
), paid AS (
  SELECT
    booked.account_id,
    booked.currency,
    booked.amount,
    booked.booked_on
  FROM silver.`transaction` AS booked
  WHERE
    booked.purpose = 'loan' AND booked.direction = 'out'
), change AS (
  SELECT
    loan.account_id,
    loan.currency,
    CAST(DATE_TRUNC('MONTH', loan.granted_on) AS DATE) AS month,
    loan.monthly_payment * loan.duration_months AS agreed,
    0 AS paid,
    0 AS due,
    0 AS due_30_days,
    0 AS due_60_days,
    0 AS due_90_days
  FROM silver.loan AS loan
  UNION ALL
  SELECT
    paid.account_id,
    paid.currency,
    CAST(DATE_TRUNC('MONTH', paid.booked_on) AS DATE) AS month,
    0 AS agreed,
    paid.amount AS paid,
    0 AS due,
    0 AS due_30_days,
    0 AS due_60_days,
    0 AS due_90_days
  FROM paid
  UNION ALL
  SELECT
    due.account_id,
    due.currency,
    CAST(DATE_TRUNC('MONTH', DATE_ADD(due.due_on, CAST(lateness.days AS INT))) AS DATE) AS month,
    0 AS agreed,
    0 AS paid,
    CASE lateness.days WHEN 0 THEN due.amount ELSE 0 END AS due,
    CASE lateness.days WHEN 30 THEN due.amount ELSE 0 END AS due_30_days,
    CASE lateness.days WHEN 60 THEN due.amount ELSE 0 END AS due_60_days,
    CASE lateness.days WHEN 90 THEN due.amount ELSE 0 END AS due_90_days
  FROM due
  CROSS JOIN VALUES
    (0),
    (30),
    (60),
    (90) AS lateness(days)
), changed AS (
  SELECT
    change.account_id,
    change.currency,
    change.month,
    SUM(change.agreed) AS agreed,
    SUM(change.paid) AS paid,
    SUM(change.due) AS due,
    SUM(change.due_30_days) AS due_30_days,
    SUM(change.due_60_days) AS due_60_days,
    SUM(change.due_90_days) AS due_90_days
  FROM change
  GROUP BY
    change.account_id,
    change.currency,
    change.month
), span AS (
  SELECT
    loan.account_id,
    loan.currency,
    CAST(DATE_TRUNC('MONTH', MIN(loan.granted_on)) AS DATE) AS first_month
  FROM silver.loan AS loan
  GROUP BY
    loan.account_id,
    loan.currency
), calendar AS (
  SELECT
    span.account_id,
    span.currency,
    CAST(ADD_MONTHS(span.first_month, CAST(step.number AS INT)) AS DATE) AS month
  FROM span
  CROSS JOIN history
  LATERAL VIEW
  EXPLODE(
    SEQUENCE(
      0,
      LEAST(
        1199,
        (
          YEAR(history.last_month) - YEAR(span.first_month)
        ) * 12 + MONTH(history.last_month) - MONTH(span.first_month)
      )
    )
  ) step AS number
  WHERE
    span.first_month <= history.last_month
), account_state AS (
  SELECT
    calendar.account_id,
    calendar.currency,
    calendar.month,
    SUM(changed.agreed) OVER until_month AS agreed,
    SUM(changed.paid) OVER until_month AS paid,
    SUM(changed.due) OVER until_month AS due,
    SUM(changed.due_30_days) OVER until_month AS due_30_days,
    SUM(changed.due_60_days) OVER until_month AS due_60_days,
    SUM(changed.due_90_days) OVER until_month AS due_90_days
  FROM calendar
  LEFT JOIN changed
    ON changed.account_id = calendar.account_id
    AND changed.currency = calendar.currency
    AND changed.month = calendar.month
  WINDOW until_month AS (
    PARTITION BY calendar.account_id, calendar.currency
    ORDER BY calendar.month ASC NULLS LAST
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
), state AS (
  SELECT
    account_state.month,
    account_state.currency,
    SUM(GREATEST(account_state.agreed - account_state.paid, 0)) AS exposure,
    SUM(GREATEST(account_state.due - account_state.paid, 0)) AS overdue,
    SUM(CASE WHEN account_state.due_30_days > account_state.paid THEN 1 ELSE 0 END) AS arrears_30_days,
    SUM(CASE WHEN account_state.due_60_days > account_state.paid THEN 1 ELSE 0 END) AS arrears_60_days,
    SUM(CASE WHEN account_state.due_90_days > account_state.paid THEN 1 ELSE 0 END) AS arrears_90_days
  FROM account_state
  GROUP BY
    account_state.month,
    account_state.currency
), loan_month AS (
  SELECT
    state.month,
    state.currency,
    SUM(
      CASE
        WHEN CAST(DATE_TRUNC('MONTH', loan.granted_on) AS DATE) = state.month
        THEN 1
        ELSE 0
      END
    ) AS granted,
    SUM(
      CASE
        WHEN CAST(ADD_MONTHS(loan.granted_on, CAST(loan.duration_months AS INT)) AS DATE) >= CAST(ADD_MONTHS(state.month, CAST(1 AS INT)) AS DATE)
        THEN 1
        ELSE 0
      END
    ) AS loans,
    SUM(CASE WHEN loan.is_default THEN 1 ELSE 0 END) AS defaults
  FROM state
  INNER JOIN silver.loan AS loan
    ON loan.currency = state.currency
    AND loan.granted_on < CAST(ADD_MONTHS(state.month, CAST(1 AS INT)) AS DATE)
  GROUP BY
    state.month,
    state.currency
), by_reason AS (
  SELECT
    quarantine.reason,
    COUNT(*) AS quarantined_rows
  FROM silver.quarantine AS quarantine
  GROUP BY
    quarantine.reason
), quarantined AS (
  SELECT
    SUM(by_reason.quarantined_rows) AS quarantined_rows,
    ARRAY_JOIN(
      TRANSFORM(
        ARRAY_SORT(
          COLLECT_LIST(
            STRUCT(
              by_reason.reason IS NULL AS key_0,
              by_reason.reason AS key_1,
              CONCAT(by_reason.reason, ': ', CAST(by_reason.quarantined_rows AS STRING)) AS value
            )
          )
        ),
        item -> item.value
      ),
      ', '
    ) AS quarantined_by_reason
  FROM by_reason
)
SELECT
  state.month,
  state.currency,
  CAST(loan_month.granted AS BIGINT) AS granted,
  CAST(loan_month.loans AS BIGINT) AS loans,
  CAST(state.exposure AS DECIMAL(18, 2)) AS exposure,
  CAST(state.overdue AS DECIMAL(18, 2)) AS overdue,
  CAST(state.arrears_30_days AS BIGINT) AS arrears_30_days,
  CAST(state.arrears_60_days AS BIGINT) AS arrears_60_days,
  CAST(state.arrears_90_days AS BIGINT) AS arrears_90_days,
  CAST(loan_month.defaults AS BIGINT) AS defaults,
  CAST(COALESCE(quarantined.quarantined_rows, 0) AS BIGINT) AS quarantined_rows,
  CAST(COALESCE(quarantined.quarantined_by_reason, '') AS STRING) AS quarantined_by_reason,
  CASE
    WHEN CAST('3' AS BIGINT) + CAST('1' AS BIGINT) > 0
    THEN 100E0 * CAST(CAST('3' AS BIGINT) AS DOUBLE) / CAST(CAST('3' AS BIGINT) + CAST('1' AS BIGINT) AS DOUBLE)
  END AS masked_columns_pct,
  CAST('3a02f847c2568819d1dab89946196b14009ff873c468c5bcf21bba569f1597b5' AS STRING) AS lineage_sha256
FROM state
INNER JOIN loan_month
  ON loan_month.month = state.month AND loan_month.currency = state.currency
CROSS JOIN quarantined;
