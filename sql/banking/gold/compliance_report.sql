-- What a supervisor asks about the loans, by the end of each month and by currency, with the quality of the data behind it.
-- The files have no dates of arrears, so that these are derived: a loan's payments are due a month after it was granted,
-- and every month from then on; transactions for loans pay for the loans of their account in their currency. An account
-- is 30 days in arrears if its payments until the end of the month are less than what was due 30 days before.
-- grain: month, currency
-- not null: month, currency, granted, loans, exposure, arrears_30_days, arrears_60_days, arrears_90_days, defaults
-- unit currency: exposure, overdue
-- unit percent: masked_columns_pct
-- month: The first day of the month.
-- granted: Loans that were granted in the month.
-- loans: Loans that were granted by the end of the month and whose last payment is due later.
-- exposure: Agreed payments of the loans granted by the end of the month, less those made.
-- overdue: Payments due by the end of the month, less those made, of accounts that have made less.
-- arrears_30_days: Accounts at least 30 days in arrears.
-- arrears_60_days: Accounts at least 60 days in arrears.
-- arrears_90_days: Accounts at least 90 days in arrears.
-- defaults: Loans granted by the end of the month that ended unpaid or are in debt, by their status in the files of the run.
-- quarantined_rows: Rows of the run in silver's quarantine.
-- quarantined_by_reason: Their number by reason, such as loan_before_account: 1, without_account: 12.
-- masked_columns_pct: Personal columns of the sources, which analysts see masked, in percent of these and of the columns
--   that are derived from them and declared not to be personal.
-- lineage_sha256: Hash of the contracts and SQL by which the run derived every column.
WITH history AS (
    SELECT
        MAX(account_month.month) AS last_month
    FROM gold.account_month AS account_month
),
due AS (
    -- The bounds of a duration are the contract's; a sequence from 1 to 0 is empty or not, depending on the engine.
    SELECT
        loan.account_id,
        loan.currency,
        loan.monthly_payment AS amount,
        CAST(DATE_ADD('month', step.number, loan.granted_on) AS DATE) AS due_on
    FROM silver.loan AS loan
    CROSS JOIN UNNEST(SEQUENCE(1, LEAST(600, GREATEST(1, loan.duration_months)))) AS step (number)
),
paid AS (
    SELECT
        booked.account_id,
        booked.currency,
        booked.amount,
        booked.booked_on
    FROM silver."transaction" AS booked
    WHERE
        booked.purpose = 'loan'
        AND booked.direction = 'out'
),
change AS (
    SELECT
        loan.account_id,
        loan.currency,
        CAST(DATE_TRUNC('month', loan.granted_on) AS DATE) AS month,
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
        CAST(DATE_TRUNC('month', paid.booked_on) AS DATE) AS month,
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
        CAST(DATE_TRUNC('month', DATE_ADD('day', lateness.days, due.due_on)) AS DATE) AS month,
        0 AS agreed,
        0 AS paid,
        CASE lateness.days WHEN 0 THEN due.amount ELSE 0 END AS due,
        CASE lateness.days WHEN 30 THEN due.amount ELSE 0 END AS due_30_days,
        CASE lateness.days WHEN 60 THEN due.amount ELSE 0 END AS due_60_days,
        CASE lateness.days WHEN 90 THEN due.amount ELSE 0 END AS due_90_days
    FROM due
    CROSS JOIN (
        VALUES
            (0),
            (30),
            (60),
            (90)
    ) AS lateness (days)
),
changed AS (
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
),
span AS (
    SELECT
        loan.account_id,
        loan.currency,
        CAST(DATE_TRUNC('month', MIN(loan.granted_on)) AS DATE) AS first_month
    FROM silver.loan AS loan
    GROUP BY
        loan.account_id,
        loan.currency
),
calendar AS (
    SELECT
        span.account_id,
        span.currency,
        CAST(DATE_ADD('month', step.number, span.first_month) AS DATE) AS month
    FROM span
    CROSS JOIN history
    CROSS JOIN UNNEST(
        SEQUENCE(
            0,
            LEAST(
                1199,
                (YEAR(history.last_month) - YEAR(span.first_month)) * 12
                + MONTH(history.last_month) - MONTH(span.first_month)
            )
        )
    ) AS step (number)
    WHERE
        span.first_month <= history.last_month
),
account_state AS (
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
),
state AS (
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
),
loan_month AS (
    SELECT
        state.month,
        state.currency,
        SUM(
            CASE WHEN CAST(DATE_TRUNC('month', loan.granted_on) AS DATE) = state.month THEN 1 ELSE 0 END
        ) AS granted,
        SUM(
            CASE
                WHEN CAST(DATE_ADD('month', loan.duration_months, loan.granted_on) AS DATE)
                    >= CAST(DATE_ADD('month', 1, state.month) AS DATE)
                    THEN 1
                ELSE 0
            END
        ) AS loans,
        SUM(CASE WHEN loan.is_default THEN 1 ELSE 0 END) AS defaults
    FROM state
    INNER JOIN silver.loan AS loan
        ON loan.currency = state.currency
        AND loan.granted_on < CAST(DATE_ADD('month', 1, state.month) AS DATE)
    GROUP BY
        state.month,
        state.currency
),
by_reason AS (
    SELECT
        quarantine.reason,
        COUNT(*) AS quarantined_rows
    FROM silver.quarantine AS quarantine
    GROUP BY
        quarantine.reason
),
quarantined AS (
    SELECT
        SUM(by_reason.quarantined_rows) AS quarantined_rows,
        ARRAY_JOIN(
            ARRAY_AGG(
                CONCAT(by_reason.reason, ': ', CAST(by_reason.quarantined_rows AS VARCHAR))
                ORDER BY by_reason.reason ASC NULLS LAST
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
        WHEN :masked_columns_count + :unmasked_columns_count > 0
            THEN 100E0 * CAST(:masked_columns_count AS DOUBLE)
            / CAST(:masked_columns_count + :unmasked_columns_count AS DOUBLE)
    END AS masked_columns_pct,
    :lineage_sha256 AS lineage_sha256
FROM state
INNER JOIN loan_month
    ON loan_month.month = state.month
    AND loan_month.currency = state.currency
CROSS JOIN quarantined
