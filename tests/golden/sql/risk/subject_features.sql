-- duckdb
WITH identified AS (
  SELECT
    subject.borrower_id,
    subject.as_of,
    subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS customer_id
  FROM risk.subject AS subject
)
SELECT
  identified.borrower_id,
  identified.as_of,
  debt_to_income.debt_to_income,
  credit_utilization.credit_utilization,
  payment_delay.worst_payment_delay_3m,
  payment_delay.worst_payment_delay_6m,
  payment_delay.worst_payment_delay_12m,
  payment_delay.mean_payment_delay_3m,
  payment_delay.mean_payment_delay_6m,
  payment_delay.mean_payment_delay_12m,
  income_stability.income_variation,
  savings_rate.savings_rate,
  account_age.account_age,
  balance_trend.balance_trend,
  overdrafts.overdrafts_12m,
  transaction_patterns.transactions_90d,
  transaction_patterns.largest_payout_share_90d
FROM identified
INNER JOIN (
  WITH stated AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      statement.gross_monthly_income,
      statement.monthly_debt,
      ROW_NUMBER() OVER (
        PARTITION BY subject.customer_id, subject.as_of
        ORDER BY statement.stated_on DESC, statement.monthly_debt DESC, statement.gross_monthly_income ASC
      ) AS choice
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    LEFT JOIN (
      WITH state AS (
        SELECT
          event.customer_id,
          event.event_on,
          event.gross_monthly_income,
          event.monthly_debt,
          ROW_NUMBER() OVER (
            PARTITION BY event.customer_id, event.kind
            ORDER BY event.event_time DESC, event.event_id DESC
          ) AS choice
        FROM (
          SELECT
            CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
            event.event_id,
            event.kind,
            event.event_time,
            event.payment_id,
            event.due_on,
            event.paid_on,
            event.amount,
            event.balance,
            event.credit_line_id,
            event.credit_limit,
            event.gross_monthly_income,
            event.monthly_debt,
            event.payee_id,
            CAST(event.event_time AS DATE) AS event_on
          FROM risk.subject AS subject
          INNER JOIN risk.events AS event
            ON event.borrower_id = subject.borrower_id
            AND CAST(event.event_time AS DATE) <= subject.as_of
            AND CAST(event.received_at AS DATE) <= subject.as_of
          WHERE
            NOT event.is_too_late
        ) AS event
        WHERE
          event.kind = 'statement'
      )
      SELECT
        CAST(state.customer_id AS TEXT) AS customer_id,
        CAST(state.event_on AS DATE) AS stated_on,
        CAST(state.gross_monthly_income AS DECIMAL(18, 2)) AS gross_monthly_income,
        CAST(state.monthly_debt AS DECIMAL(18, 2)) AS monthly_debt
      FROM state
      WHERE
        state.choice = 1
    ) AS statement
      ON statement.customer_id = subject.customer_id
      AND statement.stated_on <= subject.as_of
  )
  SELECT
    stated.customer_id,
    stated.as_of,
    CASE
      WHEN stated.gross_monthly_income > 0
      THEN CAST(stated.monthly_debt AS DOUBLE) / CAST(stated.gross_monthly_income AS DOUBLE)
    END AS debt_to_income
  FROM stated
  WHERE
    stated.choice = 1
) AS debt_to_income
  ON debt_to_income.customer_id = identified.customer_id
INNER JOIN (
  WITH reported AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      line.balance,
      line.credit_limit,
      ROW_NUMBER() OVER (
        PARTITION BY subject.customer_id, subject.as_of, line.line_id
        ORDER BY line.reported_on DESC, line.balance DESC, line.credit_limit ASC
      ) AS choice
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    LEFT JOIN (
      WITH state AS (
        SELECT
          event.customer_id,
          event.credit_line_id,
          event.event_on,
          event.balance,
          event.credit_limit,
          ROW_NUMBER() OVER (
            PARTITION BY event.customer_id, event.credit_line_id
            ORDER BY event.event_time DESC, event.event_id DESC
          ) AS choice
        FROM (
          SELECT
            CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
            event.event_id,
            event.kind,
            event.event_time,
            event.payment_id,
            event.due_on,
            event.paid_on,
            event.amount,
            event.balance,
            event.credit_line_id,
            event.credit_limit,
            event.gross_monthly_income,
            event.monthly_debt,
            event.payee_id,
            CAST(event.event_time AS DATE) AS event_on
          FROM risk.subject AS subject
          INNER JOIN risk.events AS event
            ON event.borrower_id = subject.borrower_id
            AND CAST(event.event_time AS DATE) <= subject.as_of
            AND CAST(event.received_at AS DATE) <= subject.as_of
          WHERE
            NOT event.is_too_late
        ) AS event
        WHERE
          event.kind = 'limit'
      )
      SELECT
        CAST(state.customer_id AS TEXT) AS customer_id,
        CAST(state.credit_line_id AS TEXT) AS line_id,
        CAST(state.event_on AS DATE) AS reported_on,
        CAST(state.balance AS DECIMAL(18, 2)) AS balance,
        CAST(state.credit_limit AS DECIMAL(18, 2)) AS credit_limit
      FROM state
      WHERE
        state.choice = 1
    ) AS line
      ON line.customer_id = subject.customer_id AND line.reported_on <= subject.as_of
  )
  SELECT
    reported.customer_id,
    reported.as_of,
    CASE
      WHEN COUNT(reported.balance) = COUNT(*)
      AND COUNT(reported.credit_limit) = COUNT(*)
      AND SUM(reported.credit_limit) > 0
      THEN CAST(SUM(reported.balance) AS DOUBLE) / CAST(SUM(reported.credit_limit) AS DOUBLE)
    END AS credit_utilization
  FROM reported
  WHERE
    reported.choice = 1
  GROUP BY
    reported.customer_id,
    reported.as_of
) AS credit_utilization
  ON credit_utilization.customer_id = identified.customer_id
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
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      WITH state AS (
        SELECT
          event.customer_id,
          event.due_on,
          event.paid_on,
          ROW_NUMBER() OVER (
            PARTITION BY event.customer_id, event.payment_id
            ORDER BY event.event_time DESC, event.event_id DESC
          ) AS choice
        FROM (
          SELECT
            CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
            event.event_id,
            event.kind,
            event.event_time,
            event.payment_id,
            event.due_on,
            event.paid_on,
            event.amount,
            event.balance,
            event.credit_line_id,
            event.credit_limit,
            event.gross_monthly_income,
            event.monthly_debt,
            event.payee_id,
            CAST(event.event_time AS DATE) AS event_on
          FROM risk.subject AS subject
          INNER JOIN risk.events AS event
            ON event.borrower_id = subject.borrower_id
            AND CAST(event.event_time AS DATE) <= subject.as_of
            AND CAST(event.received_at AS DATE) <= subject.as_of
          WHERE
            NOT event.is_too_late
        ) AS event
        WHERE
          event.kind = 'payment'
      )
      SELECT
        CAST(state.customer_id AS TEXT) AS customer_id,
        CAST(state.due_on AS DATE) AS due_on,
        CAST(state.paid_on AS DATE) AS paid_on
      FROM state
      WHERE
        state.choice = 1
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
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      SELECT
        CAST(NULL AS TEXT) AS customer_id,
        CAST(NULL AS DATE) AS reported_on,
        CAST(NULL AS TEXT) AS payment_history
      WHERE
        FALSE
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
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM risk.subject AS subject
  ) AS subject
  LEFT JOIN month_delay
    ON month_delay.customer_id = subject.customer_id
    AND month_delay.as_of = subject.as_of
  GROUP BY
    subject.customer_id,
    subject.as_of
) AS payment_delay
  ON payment_delay.customer_id = identified.customer_id
INNER JOIN (
  WITH received AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      (
        YEAR(subject.as_of) - YEAR(income.received_on)
      ) * 12 + MONTH(subject.as_of) - MONTH(income.received_on) AS months_ago,
      income.amount
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      SELECT
        CAST(event.customer_id AS TEXT) AS customer_id,
        CAST(event.event_on AS DATE) AS received_on,
        CAST(event.amount AS DECIMAL(18, 2)) AS amount
      FROM (
        SELECT
          CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
          event.event_id,
          event.kind,
          event.event_time,
          event.payment_id,
          event.due_on,
          event.paid_on,
          event.amount,
          event.balance,
          event.credit_line_id,
          event.credit_limit,
          event.gross_monthly_income,
          event.monthly_debt,
          event.payee_id,
          CAST(event.event_time AS DATE) AS event_on
        FROM risk.subject AS subject
        INNER JOIN risk.events AS event
          ON event.borrower_id = subject.borrower_id
          AND CAST(event.event_time AS DATE) <= subject.as_of
          AND CAST(event.received_at AS DATE) <= subject.as_of
        WHERE
          NOT event.is_too_late
      ) AS event
      WHERE
        event.kind = 'income'
    ) AS income
      ON income.customer_id = subject.customer_id AND income.received_on <= subject.as_of
  ), monthly AS (
    SELECT
      received.customer_id,
      received.as_of,
      received.months_ago,
      SUM(received.amount) AS amount
    FROM received
    WHERE
      received.months_ago >= 1
    GROUP BY
      received.customer_id,
      received.as_of,
      received.months_ago
  ), summed AS (
    SELECT
      monthly.customer_id,
      monthly.as_of,
      CASE
        WHEN MAX(monthly.months_ago) IS NULL OR 12 IS NULL
        THEN NULL
        ELSE LEAST(MAX(monthly.months_ago), 12)
      END AS months,
      SUM(CASE WHEN monthly.months_ago <= 12 THEN monthly.amount END) AS total,
      SUM(CASE WHEN monthly.months_ago <= 12 THEN monthly.amount * monthly.amount END) AS total_of_squares
    FROM monthly
    GROUP BY
      monthly.customer_id,
      monthly.as_of
  )
  SELECT
    subject.customer_id,
    subject.as_of,
    CASE
      WHEN summed.months >= 3 AND summed.total > 0
      THEN SQRT(
        CAST(summed.months * summed.total_of_squares - summed.total * summed.total AS DOUBLE) * CAST(summed.months AS DOUBLE) / CAST(summed.months - 1 AS DOUBLE)
      ) / CAST(summed.total AS DOUBLE)
    END AS income_variation
  FROM (
    SELECT
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM risk.subject AS subject
  ) AS subject
  LEFT JOIN summed
    ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of
) AS income_stability
  ON income_stability.customer_id = identified.customer_id
INNER JOIN (
  WITH flow AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      (
        YEAR(subject.as_of) - YEAR(movement.booked_on)
      ) * 12 + MONTH(subject.as_of) - MONTH(movement.booked_on) AS months_ago,
      movement.amount
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      SELECT
        CAST(event.customer_id AS TEXT) AS customer_id,
        CAST(event.event_on AS DATE) AS booked_on,
        CAST(event.amount AS DECIMAL(18, 2)) AS amount
      FROM (
        SELECT
          CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
          event.event_id,
          event.kind,
          event.event_time,
          event.payment_id,
          event.due_on,
          event.paid_on,
          event.amount,
          event.balance,
          event.credit_line_id,
          event.credit_limit,
          event.gross_monthly_income,
          event.monthly_debt,
          event.payee_id,
          CAST(event.event_time AS DATE) AS event_on
        FROM risk.subject AS subject
        INNER JOIN risk.events AS event
          ON event.borrower_id = subject.borrower_id
          AND CAST(event.event_time AS DATE) <= subject.as_of
          AND CAST(event.received_at AS DATE) <= subject.as_of
        WHERE
          NOT event.is_too_late
      ) AS event
      WHERE
        event.kind = 'transaction'
    ) AS movement
      ON movement.customer_id = subject.customer_id
      AND movement.booked_on <= subject.as_of
  ), summed AS (
    SELECT
      flow.customer_id,
      flow.as_of,
      SUM(flow.amount) AS saved,
      SUM(CASE WHEN flow.amount > 0 THEN flow.amount END) AS paid_in
    FROM flow
    WHERE
      flow.months_ago BETWEEN 1 AND 6
    GROUP BY
      flow.customer_id,
      flow.as_of
  )
  SELECT
    subject.customer_id,
    subject.as_of,
    CAST(summed.saved AS DOUBLE) / CAST(summed.paid_in AS DOUBLE) AS savings_rate
  FROM (
    SELECT
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM risk.subject AS subject
  ) AS subject
  LEFT JOIN summed
    ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of
) AS savings_rate
  ON savings_rate.customer_id = identified.customer_id
INNER JOIN (
  WITH opened AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      MIN(account.opened_on) AS opened_on
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    LEFT JOIN (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
        CAST(borrower.opened_on AS DATE) AS opened_on
      FROM risk.subject AS subject
      INNER JOIN staging.portfolio_borrower AS borrower
        ON borrower.borrower_id = subject.borrower_id
    ) AS account
      ON account.customer_id = subject.customer_id AND account.opened_on <= subject.as_of
    GROUP BY
      subject.customer_id,
      subject.as_of
  )
  SELECT
    opened.customer_id,
    opened.as_of,
    CAST((
      YEAR(opened.as_of) - YEAR(opened.opened_on)
    ) * 12 + MONTH(opened.as_of) - MONTH(opened.opened_on) - CASE WHEN DAY(opened.as_of) < DAY(opened.opened_on) THEN 1 ELSE 0 END AS DOUBLE) AS account_age
  FROM opened
) AS account_age
  ON account_age.customer_id = identified.customer_id
INNER JOIN (
  WITH known AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      (
        YEAR(subject.as_of) - YEAR(balance.balance_on)
      ) * 12 + MONTH(subject.as_of) - MONTH(balance.balance_on) AS months_ago,
      balance.balance_on,
      balance.balance
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      WITH state AS (
        SELECT
          event.customer_id,
          event.event_on,
          event.balance,
          ROW_NUMBER() OVER (
            PARTITION BY event.customer_id, event.event_on
            ORDER BY event.event_time DESC, event.event_id DESC
          ) AS choice
        FROM (
          SELECT
            CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
            event.event_id,
            event.kind,
            event.event_time,
            event.payment_id,
            event.due_on,
            event.paid_on,
            event.amount,
            event.balance,
            event.credit_line_id,
            event.credit_limit,
            event.gross_monthly_income,
            event.monthly_debt,
            event.payee_id,
            CAST(event.event_time AS DATE) AS event_on
          FROM risk.subject AS subject
          INNER JOIN risk.events AS event
            ON event.borrower_id = subject.borrower_id
            AND CAST(event.event_time AS DATE) <= subject.as_of
            AND CAST(event.received_at AS DATE) <= subject.as_of
          WHERE
            NOT event.is_too_late
        ) AS event
        WHERE
          event.kind = 'balance'
      )
      SELECT
        CAST(state.customer_id AS TEXT) AS customer_id,
        CAST(state.event_on AS DATE) AS balance_on,
        CAST(state.balance AS DECIMAL(18, 2)) AS balance
      FROM state
      WHERE
        state.choice = 1
    ) AS balance
      ON balance.customer_id = subject.customer_id AND balance.balance_on <= subject.as_of
    WHERE
      NOT balance.balance IS NULL
  ), last_of_month AS (
    SELECT
      known.customer_id,
      known.as_of,
      -known.months_ago AS month,
      known.balance,
      ROW_NUMBER() OVER (
        PARTITION BY known.customer_id, known.as_of, known.months_ago
        ORDER BY known.balance_on DESC, known.balance ASC
      ) AS choice
    FROM known
    WHERE
      known.months_ago < 6
  ), summed AS (
    SELECT
      last_of_month.customer_id,
      last_of_month.as_of,
      COUNT(*) AS months,
      SUM(last_of_month.month) AS total_of_months,
      SUM(last_of_month.month * last_of_month.month) AS total_of_squares,
      SUM(last_of_month.balance) AS total,
      SUM(last_of_month.month * last_of_month.balance) AS total_of_products
    FROM last_of_month
    WHERE
      last_of_month.choice = 1
    GROUP BY
      last_of_month.customer_id,
      last_of_month.as_of
  )
  SELECT
    subject.customer_id,
    subject.as_of,
    CASE
      WHEN summed.months >= 3
      THEN CAST(summed.months * summed.total_of_products - summed.total_of_months * summed.total AS DOUBLE) / CAST(summed.months * summed.total_of_squares - summed.total_of_months * summed.total_of_months AS DOUBLE)
    END AS balance_trend
  FROM (
    SELECT
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM risk.subject AS subject
  ) AS subject
  LEFT JOIN summed
    ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of
) AS balance_trend
  ON balance_trend.customer_id = identified.customer_id
INNER JOIN (
  WITH known AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      (
        YEAR(subject.as_of) - YEAR(balance.balance_on)
      ) * 12 + MONTH(subject.as_of) - MONTH(balance.balance_on) AS months_ago,
      balance.balance,
      LAG(balance.balance) OVER (
        PARTITION BY subject.customer_id, subject.as_of
        ORDER BY balance.balance_on ASC, balance.balance ASC
      ) AS balance_before
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      WITH state AS (
        SELECT
          event.customer_id,
          event.event_on,
          event.balance,
          ROW_NUMBER() OVER (
            PARTITION BY event.customer_id, event.event_on
            ORDER BY event.event_time DESC, event.event_id DESC
          ) AS choice
        FROM (
          SELECT
            CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
            event.event_id,
            event.kind,
            event.event_time,
            event.payment_id,
            event.due_on,
            event.paid_on,
            event.amount,
            event.balance,
            event.credit_line_id,
            event.credit_limit,
            event.gross_monthly_income,
            event.monthly_debt,
            event.payee_id,
            CAST(event.event_time AS DATE) AS event_on
          FROM risk.subject AS subject
          INNER JOIN risk.events AS event
            ON event.borrower_id = subject.borrower_id
            AND CAST(event.event_time AS DATE) <= subject.as_of
            AND CAST(event.received_at AS DATE) <= subject.as_of
          WHERE
            NOT event.is_too_late
        ) AS event
        WHERE
          event.kind = 'balance'
      )
      SELECT
        CAST(state.customer_id AS TEXT) AS customer_id,
        CAST(state.event_on AS DATE) AS balance_on,
        CAST(state.balance AS DECIMAL(18, 2)) AS balance
      FROM state
      WHERE
        state.choice = 1
    ) AS balance
      ON balance.customer_id = subject.customer_id AND balance.balance_on <= subject.as_of
    WHERE
      NOT balance.balance IS NULL
  ), counted AS (
    SELECT
      known.customer_id,
      known.as_of,
      SUM(
        CASE
          WHEN known.balance < 0 AND COALESCE(known.balance_before, 0) >= 0
          THEN 1
          ELSE 0
        END
      ) AS overdrafts
    FROM known
    WHERE
      known.months_ago < 12
    GROUP BY
      known.customer_id,
      known.as_of
  )
  SELECT
    subject.customer_id,
    subject.as_of,
    CAST(counted.overdrafts AS DOUBLE) AS overdrafts_12m
  FROM (
    SELECT
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM risk.subject AS subject
  ) AS subject
  LEFT JOIN counted
    ON counted.customer_id = subject.customer_id AND counted.as_of = subject.as_of
) AS overdrafts
  ON overdrafts.customer_id = identified.customer_id
INNER JOIN (
  WITH booked AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      DATE_DIFF('DAY', movement.booked_on, subject.as_of) AS days_ago,
      CASE WHEN movement.amount < 0 THEN -movement.amount END AS paid_out
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      SELECT
        CAST(event.customer_id AS TEXT) AS customer_id,
        CAST(event.event_on AS DATE) AS booked_on,
        CAST(event.amount AS DECIMAL(18, 2)) AS amount
      FROM (
        SELECT
          CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
          event.event_id,
          event.kind,
          event.event_time,
          event.payment_id,
          event.due_on,
          event.paid_on,
          event.amount,
          event.balance,
          event.credit_line_id,
          event.credit_limit,
          event.gross_monthly_income,
          event.monthly_debt,
          event.payee_id,
          CAST(event.event_time AS DATE) AS event_on
        FROM risk.subject AS subject
        INNER JOIN risk.events AS event
          ON event.borrower_id = subject.borrower_id
          AND CAST(event.event_time AS DATE) <= subject.as_of
          AND CAST(event.received_at AS DATE) <= subject.as_of
        WHERE
          NOT event.is_too_late
      ) AS event
      WHERE
        event.kind = 'transaction'
    ) AS movement
      ON movement.customer_id = subject.customer_id
      AND movement.booked_on <= subject.as_of
  ), summed AS (
    SELECT
      booked.customer_id,
      booked.as_of,
      SUM(CASE WHEN booked.days_ago < 90 THEN 1 ELSE 0 END) AS transactions,
      MAX(CASE WHEN booked.days_ago < 90 THEN booked.paid_out END) AS largest,
      SUM(CASE WHEN booked.days_ago < 90 THEN booked.paid_out END) AS paid_out
    FROM booked
    GROUP BY
      booked.customer_id,
      booked.as_of
  )
  SELECT
    subject.customer_id,
    subject.as_of,
    CAST(summed.transactions AS DOUBLE) AS transactions_90d,
    CAST(summed.largest AS DOUBLE) / CAST(summed.paid_out AS DOUBLE) AS largest_payout_share_90d
  FROM (
    SELECT
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS TEXT) AS TEXT) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM risk.subject AS subject
  ) AS subject
  LEFT JOIN summed
    ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of
) AS transaction_patterns
  ON transaction_patterns.customer_id = identified.customer_id;

-- trino, athena
WITH identified AS (
  SELECT
    subject.borrower_id,
    subject.as_of,
    subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS customer_id
  FROM risk.subject AS subject
)
SELECT
  identified.borrower_id,
  identified.as_of,
  debt_to_income.debt_to_income,
  credit_utilization.credit_utilization,
  payment_delay.worst_payment_delay_3m,
  payment_delay.worst_payment_delay_6m,
  payment_delay.worst_payment_delay_12m,
  payment_delay.mean_payment_delay_3m,
  payment_delay.mean_payment_delay_6m,
  payment_delay.mean_payment_delay_12m,
  income_stability.income_variation,
  savings_rate.savings_rate,
  account_age.account_age,
  balance_trend.balance_trend,
  overdrafts.overdrafts_12m,
  transaction_patterns.transactions_90d,
  transaction_patterns.largest_payout_share_90d
FROM identified
INNER JOIN (
  WITH stated AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      statement.gross_monthly_income,
      statement.monthly_debt,
      ROW_NUMBER() OVER (
        PARTITION BY subject.customer_id, subject.as_of
        ORDER BY statement.stated_on DESC, statement.monthly_debt DESC, statement.gross_monthly_income ASC
      ) AS choice
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    LEFT JOIN (
      WITH state AS (
        SELECT
          event.customer_id,
          event.event_on,
          event.gross_monthly_income,
          event.monthly_debt,
          ROW_NUMBER() OVER (
            PARTITION BY event.customer_id, event.kind
            ORDER BY event.event_time DESC, event.event_id DESC
          ) AS choice
        FROM (
          SELECT
            CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
            event.event_id,
            event.kind,
            event.event_time,
            event.payment_id,
            event.due_on,
            event.paid_on,
            event.amount,
            event.balance,
            event.credit_line_id,
            event.credit_limit,
            event.gross_monthly_income,
            event.monthly_debt,
            event.payee_id,
            CAST(event.event_time AS DATE) AS event_on
          FROM risk.subject AS subject
          INNER JOIN risk.events AS event
            ON event.borrower_id = subject.borrower_id
            AND CAST(event.event_time AS DATE) <= subject.as_of
            AND CAST(event.received_at AS DATE) <= subject.as_of
          WHERE
            NOT event.is_too_late
        ) AS event
        WHERE
          event.kind = 'statement'
      )
      SELECT
        CAST(state.customer_id AS VARCHAR) AS customer_id,
        CAST(state.event_on AS DATE) AS stated_on,
        CAST(state.gross_monthly_income AS DECIMAL(18, 2)) AS gross_monthly_income,
        CAST(state.monthly_debt AS DECIMAL(18, 2)) AS monthly_debt
      FROM state
      WHERE
        state.choice = 1
    ) AS statement
      ON statement.customer_id = subject.customer_id
      AND statement.stated_on <= subject.as_of
  )
  SELECT
    stated.customer_id,
    stated.as_of,
    CASE
      WHEN stated.gross_monthly_income > 0
      THEN CAST(stated.monthly_debt AS DOUBLE) / CAST(stated.gross_monthly_income AS DOUBLE)
    END AS debt_to_income
  FROM stated
  WHERE
    stated.choice = 1
) AS debt_to_income
  ON debt_to_income.customer_id = identified.customer_id
INNER JOIN (
  WITH reported AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      line.balance,
      line.credit_limit,
      ROW_NUMBER() OVER (
        PARTITION BY subject.customer_id, subject.as_of, line.line_id
        ORDER BY line.reported_on DESC, line.balance DESC, line.credit_limit ASC
      ) AS choice
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    LEFT JOIN (
      WITH state AS (
        SELECT
          event.customer_id,
          event.credit_line_id,
          event.event_on,
          event.balance,
          event.credit_limit,
          ROW_NUMBER() OVER (
            PARTITION BY event.customer_id, event.credit_line_id
            ORDER BY event.event_time DESC, event.event_id DESC
          ) AS choice
        FROM (
          SELECT
            CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
            event.event_id,
            event.kind,
            event.event_time,
            event.payment_id,
            event.due_on,
            event.paid_on,
            event.amount,
            event.balance,
            event.credit_line_id,
            event.credit_limit,
            event.gross_monthly_income,
            event.monthly_debt,
            event.payee_id,
            CAST(event.event_time AS DATE) AS event_on
          FROM risk.subject AS subject
          INNER JOIN risk.events AS event
            ON event.borrower_id = subject.borrower_id
            AND CAST(event.event_time AS DATE) <= subject.as_of
            AND CAST(event.received_at AS DATE) <= subject.as_of
          WHERE
            NOT event.is_too_late
        ) AS event
        WHERE
          event.kind = 'limit'
      )
      SELECT
        CAST(state.customer_id AS VARCHAR) AS customer_id,
        CAST(state.credit_line_id AS VARCHAR) AS line_id,
        CAST(state.event_on AS DATE) AS reported_on,
        CAST(state.balance AS DECIMAL(18, 2)) AS balance,
        CAST(state.credit_limit AS DECIMAL(18, 2)) AS credit_limit
      FROM state
      WHERE
        state.choice = 1
    ) AS line
      ON line.customer_id = subject.customer_id AND line.reported_on <= subject.as_of
  )
  SELECT
    reported.customer_id,
    reported.as_of,
    CASE
      WHEN COUNT(reported.balance) = COUNT(*)
      AND COUNT(reported.credit_limit) = COUNT(*)
      AND SUM(reported.credit_limit) > 0
      THEN CAST(SUM(reported.balance) AS DOUBLE) / CAST(SUM(reported.credit_limit) AS DOUBLE)
    END AS credit_utilization
  FROM reported
  WHERE
    reported.choice = 1
  GROUP BY
    reported.customer_id,
    reported.as_of
) AS credit_utilization
  ON credit_utilization.customer_id = identified.customer_id
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
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      WITH state AS (
        SELECT
          event.customer_id,
          event.due_on,
          event.paid_on,
          ROW_NUMBER() OVER (
            PARTITION BY event.customer_id, event.payment_id
            ORDER BY event.event_time DESC, event.event_id DESC
          ) AS choice
        FROM (
          SELECT
            CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
            event.event_id,
            event.kind,
            event.event_time,
            event.payment_id,
            event.due_on,
            event.paid_on,
            event.amount,
            event.balance,
            event.credit_line_id,
            event.credit_limit,
            event.gross_monthly_income,
            event.monthly_debt,
            event.payee_id,
            CAST(event.event_time AS DATE) AS event_on
          FROM risk.subject AS subject
          INNER JOIN risk.events AS event
            ON event.borrower_id = subject.borrower_id
            AND CAST(event.event_time AS DATE) <= subject.as_of
            AND CAST(event.received_at AS DATE) <= subject.as_of
          WHERE
            NOT event.is_too_late
        ) AS event
        WHERE
          event.kind = 'payment'
      )
      SELECT
        CAST(state.customer_id AS VARCHAR) AS customer_id,
        CAST(state.due_on AS DATE) AS due_on,
        CAST(state.paid_on AS DATE) AS paid_on
      FROM state
      WHERE
        state.choice = 1
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
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      SELECT
        CAST(NULL AS VARCHAR) AS customer_id,
        CAST(NULL AS DATE) AS reported_on,
        CAST(NULL AS VARCHAR) AS payment_history
      WHERE
        FALSE
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
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM risk.subject AS subject
  ) AS subject
  LEFT JOIN month_delay
    ON month_delay.customer_id = subject.customer_id
    AND month_delay.as_of = subject.as_of
  GROUP BY
    subject.customer_id,
    subject.as_of
) AS payment_delay
  ON payment_delay.customer_id = identified.customer_id
INNER JOIN (
  WITH received AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      (
        YEAR(subject.as_of) - YEAR(income.received_on)
      ) * 12 + MONTH(subject.as_of) - MONTH(income.received_on) AS months_ago,
      income.amount
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      SELECT
        CAST(event.customer_id AS VARCHAR) AS customer_id,
        CAST(event.event_on AS DATE) AS received_on,
        CAST(event.amount AS DECIMAL(18, 2)) AS amount
      FROM (
        SELECT
          CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
          event.event_id,
          event.kind,
          event.event_time,
          event.payment_id,
          event.due_on,
          event.paid_on,
          event.amount,
          event.balance,
          event.credit_line_id,
          event.credit_limit,
          event.gross_monthly_income,
          event.monthly_debt,
          event.payee_id,
          CAST(event.event_time AS DATE) AS event_on
        FROM risk.subject AS subject
        INNER JOIN risk.events AS event
          ON event.borrower_id = subject.borrower_id
          AND CAST(event.event_time AS DATE) <= subject.as_of
          AND CAST(event.received_at AS DATE) <= subject.as_of
        WHERE
          NOT event.is_too_late
      ) AS event
      WHERE
        event.kind = 'income'
    ) AS income
      ON income.customer_id = subject.customer_id AND income.received_on <= subject.as_of
  ), monthly AS (
    SELECT
      received.customer_id,
      received.as_of,
      received.months_ago,
      SUM(received.amount) AS amount
    FROM received
    WHERE
      received.months_ago >= 1
    GROUP BY
      received.customer_id,
      received.as_of,
      received.months_ago
  ), summed AS (
    SELECT
      monthly.customer_id,
      monthly.as_of,
      LEAST(MAX(monthly.months_ago), 12) AS months,
      SUM(CASE WHEN monthly.months_ago <= 12 THEN monthly.amount END) AS total,
      SUM(CASE WHEN monthly.months_ago <= 12 THEN monthly.amount * monthly.amount END) AS total_of_squares
    FROM monthly
    GROUP BY
      monthly.customer_id,
      monthly.as_of
  )
  SELECT
    subject.customer_id,
    subject.as_of,
    CASE
      WHEN summed.months >= 3 AND summed.total > 0
      THEN SQRT(
        CAST(summed.months * summed.total_of_squares - summed.total * summed.total AS DOUBLE) * CAST(summed.months AS DOUBLE) / CAST(summed.months - 1 AS DOUBLE)
      ) / CAST(summed.total AS DOUBLE)
    END AS income_variation
  FROM (
    SELECT
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM risk.subject AS subject
  ) AS subject
  LEFT JOIN summed
    ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of
) AS income_stability
  ON income_stability.customer_id = identified.customer_id
INNER JOIN (
  WITH flow AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      (
        YEAR(subject.as_of) - YEAR(movement.booked_on)
      ) * 12 + MONTH(subject.as_of) - MONTH(movement.booked_on) AS months_ago,
      movement.amount
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      SELECT
        CAST(event.customer_id AS VARCHAR) AS customer_id,
        CAST(event.event_on AS DATE) AS booked_on,
        CAST(event.amount AS DECIMAL(18, 2)) AS amount
      FROM (
        SELECT
          CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
          event.event_id,
          event.kind,
          event.event_time,
          event.payment_id,
          event.due_on,
          event.paid_on,
          event.amount,
          event.balance,
          event.credit_line_id,
          event.credit_limit,
          event.gross_monthly_income,
          event.monthly_debt,
          event.payee_id,
          CAST(event.event_time AS DATE) AS event_on
        FROM risk.subject AS subject
        INNER JOIN risk.events AS event
          ON event.borrower_id = subject.borrower_id
          AND CAST(event.event_time AS DATE) <= subject.as_of
          AND CAST(event.received_at AS DATE) <= subject.as_of
        WHERE
          NOT event.is_too_late
      ) AS event
      WHERE
        event.kind = 'transaction'
    ) AS movement
      ON movement.customer_id = subject.customer_id
      AND movement.booked_on <= subject.as_of
  ), summed AS (
    SELECT
      flow.customer_id,
      flow.as_of,
      SUM(flow.amount) AS saved,
      SUM(CASE WHEN flow.amount > 0 THEN flow.amount END) AS paid_in
    FROM flow
    WHERE
      flow.months_ago BETWEEN 1 AND 6
    GROUP BY
      flow.customer_id,
      flow.as_of
  )
  SELECT
    subject.customer_id,
    subject.as_of,
    CAST(summed.saved AS DOUBLE) / CAST(summed.paid_in AS DOUBLE) AS savings_rate
  FROM (
    SELECT
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM risk.subject AS subject
  ) AS subject
  LEFT JOIN summed
    ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of
) AS savings_rate
  ON savings_rate.customer_id = identified.customer_id
INNER JOIN (
  WITH opened AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      MIN(account.opened_on) AS opened_on
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    LEFT JOIN (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
        CAST(borrower.opened_on AS DATE) AS opened_on
      FROM risk.subject AS subject
      INNER JOIN staging.portfolio_borrower AS borrower
        ON borrower.borrower_id = subject.borrower_id
    ) AS account
      ON account.customer_id = subject.customer_id AND account.opened_on <= subject.as_of
    GROUP BY
      subject.customer_id,
      subject.as_of
  )
  SELECT
    opened.customer_id,
    opened.as_of,
    CAST((
      YEAR(opened.as_of) - YEAR(opened.opened_on)
    ) * 12 + MONTH(opened.as_of) - MONTH(opened.opened_on) - CASE WHEN DAY(opened.as_of) < DAY(opened.opened_on) THEN 1 ELSE 0 END AS DOUBLE) AS account_age
  FROM opened
) AS account_age
  ON account_age.customer_id = identified.customer_id
INNER JOIN (
  WITH known AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      (
        YEAR(subject.as_of) - YEAR(balance.balance_on)
      ) * 12 + MONTH(subject.as_of) - MONTH(balance.balance_on) AS months_ago,
      balance.balance_on,
      balance.balance
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      WITH state AS (
        SELECT
          event.customer_id,
          event.event_on,
          event.balance,
          ROW_NUMBER() OVER (
            PARTITION BY event.customer_id, event.event_on
            ORDER BY event.event_time DESC, event.event_id DESC
          ) AS choice
        FROM (
          SELECT
            CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
            event.event_id,
            event.kind,
            event.event_time,
            event.payment_id,
            event.due_on,
            event.paid_on,
            event.amount,
            event.balance,
            event.credit_line_id,
            event.credit_limit,
            event.gross_monthly_income,
            event.monthly_debt,
            event.payee_id,
            CAST(event.event_time AS DATE) AS event_on
          FROM risk.subject AS subject
          INNER JOIN risk.events AS event
            ON event.borrower_id = subject.borrower_id
            AND CAST(event.event_time AS DATE) <= subject.as_of
            AND CAST(event.received_at AS DATE) <= subject.as_of
          WHERE
            NOT event.is_too_late
        ) AS event
        WHERE
          event.kind = 'balance'
      )
      SELECT
        CAST(state.customer_id AS VARCHAR) AS customer_id,
        CAST(state.event_on AS DATE) AS balance_on,
        CAST(state.balance AS DECIMAL(18, 2)) AS balance
      FROM state
      WHERE
        state.choice = 1
    ) AS balance
      ON balance.customer_id = subject.customer_id AND balance.balance_on <= subject.as_of
    WHERE
      NOT balance.balance IS NULL
  ), last_of_month AS (
    SELECT
      known.customer_id,
      known.as_of,
      -known.months_ago AS month,
      known.balance,
      ROW_NUMBER() OVER (
        PARTITION BY known.customer_id, known.as_of, known.months_ago
        ORDER BY known.balance_on DESC, known.balance ASC
      ) AS choice
    FROM known
    WHERE
      known.months_ago < 6
  ), summed AS (
    SELECT
      last_of_month.customer_id,
      last_of_month.as_of,
      COUNT(*) AS months,
      SUM(last_of_month.month) AS total_of_months,
      SUM(last_of_month.month * last_of_month.month) AS total_of_squares,
      SUM(last_of_month.balance) AS total,
      SUM(last_of_month.month * last_of_month.balance) AS total_of_products
    FROM last_of_month
    WHERE
      last_of_month.choice = 1
    GROUP BY
      last_of_month.customer_id,
      last_of_month.as_of
  )
  SELECT
    subject.customer_id,
    subject.as_of,
    CASE
      WHEN summed.months >= 3
      THEN CAST(summed.months * summed.total_of_products - summed.total_of_months * summed.total AS DOUBLE) / CAST(summed.months * summed.total_of_squares - summed.total_of_months * summed.total_of_months AS DOUBLE)
    END AS balance_trend
  FROM (
    SELECT
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM risk.subject AS subject
  ) AS subject
  LEFT JOIN summed
    ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of
) AS balance_trend
  ON balance_trend.customer_id = identified.customer_id
INNER JOIN (
  WITH known AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      (
        YEAR(subject.as_of) - YEAR(balance.balance_on)
      ) * 12 + MONTH(subject.as_of) - MONTH(balance.balance_on) AS months_ago,
      balance.balance,
      LAG(balance.balance) OVER (
        PARTITION BY subject.customer_id, subject.as_of
        ORDER BY balance.balance_on ASC, balance.balance ASC
      ) AS balance_before
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      WITH state AS (
        SELECT
          event.customer_id,
          event.event_on,
          event.balance,
          ROW_NUMBER() OVER (
            PARTITION BY event.customer_id, event.event_on
            ORDER BY event.event_time DESC, event.event_id DESC
          ) AS choice
        FROM (
          SELECT
            CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
            event.event_id,
            event.kind,
            event.event_time,
            event.payment_id,
            event.due_on,
            event.paid_on,
            event.amount,
            event.balance,
            event.credit_line_id,
            event.credit_limit,
            event.gross_monthly_income,
            event.monthly_debt,
            event.payee_id,
            CAST(event.event_time AS DATE) AS event_on
          FROM risk.subject AS subject
          INNER JOIN risk.events AS event
            ON event.borrower_id = subject.borrower_id
            AND CAST(event.event_time AS DATE) <= subject.as_of
            AND CAST(event.received_at AS DATE) <= subject.as_of
          WHERE
            NOT event.is_too_late
        ) AS event
        WHERE
          event.kind = 'balance'
      )
      SELECT
        CAST(state.customer_id AS VARCHAR) AS customer_id,
        CAST(state.event_on AS DATE) AS balance_on,
        CAST(state.balance AS DECIMAL(18, 2)) AS balance
      FROM state
      WHERE
        state.choice = 1
    ) AS balance
      ON balance.customer_id = subject.customer_id AND balance.balance_on <= subject.as_of
    WHERE
      NOT balance.balance IS NULL
  ), counted AS (
    SELECT
      known.customer_id,
      known.as_of,
      SUM(
        CASE
          WHEN known.balance < 0 AND COALESCE(known.balance_before, 0) >= 0
          THEN 1
          ELSE 0
        END
      ) AS overdrafts
    FROM known
    WHERE
      known.months_ago < 12
    GROUP BY
      known.customer_id,
      known.as_of
  )
  SELECT
    subject.customer_id,
    subject.as_of,
    CAST(counted.overdrafts AS DOUBLE) AS overdrafts_12m
  FROM (
    SELECT
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM risk.subject AS subject
  ) AS subject
  LEFT JOIN counted
    ON counted.customer_id = subject.customer_id AND counted.as_of = subject.as_of
) AS overdrafts
  ON overdrafts.customer_id = identified.customer_id
INNER JOIN (
  WITH booked AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      DATE_DIFF('DAY', movement.booked_on, subject.as_of) AS days_ago,
      CASE WHEN movement.amount < 0 THEN -movement.amount END AS paid_out
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      SELECT
        CAST(event.customer_id AS VARCHAR) AS customer_id,
        CAST(event.event_on AS DATE) AS booked_on,
        CAST(event.amount AS DECIMAL(18, 2)) AS amount
      FROM (
        SELECT
          CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
          event.event_id,
          event.kind,
          event.event_time,
          event.payment_id,
          event.due_on,
          event.paid_on,
          event.amount,
          event.balance,
          event.credit_line_id,
          event.credit_limit,
          event.gross_monthly_income,
          event.monthly_debt,
          event.payee_id,
          CAST(event.event_time AS DATE) AS event_on
        FROM risk.subject AS subject
        INNER JOIN risk.events AS event
          ON event.borrower_id = subject.borrower_id
          AND CAST(event.event_time AS DATE) <= subject.as_of
          AND CAST(event.received_at AS DATE) <= subject.as_of
        WHERE
          NOT event.is_too_late
      ) AS event
      WHERE
        event.kind = 'transaction'
    ) AS movement
      ON movement.customer_id = subject.customer_id
      AND movement.booked_on <= subject.as_of
  ), summed AS (
    SELECT
      booked.customer_id,
      booked.as_of,
      SUM(CASE WHEN booked.days_ago < 90 THEN 1 ELSE 0 END) AS transactions,
      MAX(CASE WHEN booked.days_ago < 90 THEN booked.paid_out END) AS largest,
      SUM(CASE WHEN booked.days_ago < 90 THEN booked.paid_out END) AS paid_out
    FROM booked
    GROUP BY
      booked.customer_id,
      booked.as_of
  )
  SELECT
    subject.customer_id,
    subject.as_of,
    CAST(summed.transactions AS DOUBLE) AS transactions_90d,
    CAST(summed.largest AS DOUBLE) / CAST(summed.paid_out AS DOUBLE) AS largest_payout_share_90d
  FROM (
    SELECT
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS VARCHAR) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM risk.subject AS subject
  ) AS subject
  LEFT JOIN summed
    ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of
) AS transaction_patterns
  ON transaction_patterns.customer_id = identified.customer_id;

-- spark
WITH identified AS (
  SELECT
    subject.borrower_id,
    subject.as_of,
    subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS customer_id
  FROM risk.subject AS subject
)
SELECT
  identified.borrower_id,
  identified.as_of,
  debt_to_income.debt_to_income,
  credit_utilization.credit_utilization,
  payment_delay.worst_payment_delay_3m,
  payment_delay.worst_payment_delay_6m,
  payment_delay.worst_payment_delay_12m,
  payment_delay.mean_payment_delay_3m,
  payment_delay.mean_payment_delay_6m,
  payment_delay.mean_payment_delay_12m,
  income_stability.income_variation,
  savings_rate.savings_rate,
  account_age.account_age,
  balance_trend.balance_trend,
  overdrafts.overdrafts_12m,
  transaction_patterns.transactions_90d,
  transaction_patterns.largest_payout_share_90d
FROM identified
INNER JOIN (
  WITH stated AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      statement.gross_monthly_income,
      statement.monthly_debt,
      ROW_NUMBER() OVER (
        PARTITION BY subject.customer_id, subject.as_of
        ORDER BY statement.stated_on DESC, statement.monthly_debt DESC, statement.gross_monthly_income ASC NULLS LAST
      ) AS choice
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    LEFT JOIN (
      WITH state AS (
        SELECT
          event.customer_id,
          event.event_on,
          event.gross_monthly_income,
          event.monthly_debt,
          ROW_NUMBER() OVER (
            PARTITION BY event.customer_id, event.kind
            ORDER BY event.event_time DESC, event.event_id DESC
          ) AS choice
        FROM (
          SELECT
            CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
            event.event_id,
            event.kind,
            event.event_time,
            event.payment_id,
            event.due_on,
            event.paid_on,
            event.amount,
            event.balance,
            event.credit_line_id,
            event.credit_limit,
            event.gross_monthly_income,
            event.monthly_debt,
            event.payee_id,
            CAST(event.event_time AS DATE) AS event_on
          FROM risk.subject AS subject
          INNER JOIN risk.events AS event
            ON event.borrower_id = subject.borrower_id
            AND CAST(event.event_time AS DATE) <= subject.as_of
            AND CAST(event.received_at AS DATE) <= subject.as_of
          WHERE
            NOT event.is_too_late
        ) AS event
        WHERE
          event.kind = 'statement'
      )
      SELECT
        CAST(state.customer_id AS STRING) AS customer_id,
        CAST(state.event_on AS DATE) AS stated_on,
        CAST(state.gross_monthly_income AS DECIMAL(18, 2)) AS gross_monthly_income,
        CAST(state.monthly_debt AS DECIMAL(18, 2)) AS monthly_debt
      FROM state
      WHERE
        state.choice = 1
    ) AS statement
      ON statement.customer_id = subject.customer_id
      AND statement.stated_on <= subject.as_of
  )
  SELECT
    stated.customer_id,
    stated.as_of,
    CASE
      WHEN stated.gross_monthly_income > 0
      THEN CAST(stated.monthly_debt AS DOUBLE) / CAST(stated.gross_monthly_income AS DOUBLE)
    END AS debt_to_income
  FROM stated
  WHERE
    stated.choice = 1
) AS debt_to_income
  ON debt_to_income.customer_id = identified.customer_id
INNER JOIN (
  WITH reported AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      line.balance,
      line.credit_limit,
      ROW_NUMBER() OVER (
        PARTITION BY subject.customer_id, subject.as_of, line.line_id
        ORDER BY line.reported_on DESC, line.balance DESC, line.credit_limit ASC NULLS LAST
      ) AS choice
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    LEFT JOIN (
      WITH state AS (
        SELECT
          event.customer_id,
          event.credit_line_id,
          event.event_on,
          event.balance,
          event.credit_limit,
          ROW_NUMBER() OVER (
            PARTITION BY event.customer_id, event.credit_line_id
            ORDER BY event.event_time DESC, event.event_id DESC
          ) AS choice
        FROM (
          SELECT
            CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
            event.event_id,
            event.kind,
            event.event_time,
            event.payment_id,
            event.due_on,
            event.paid_on,
            event.amount,
            event.balance,
            event.credit_line_id,
            event.credit_limit,
            event.gross_monthly_income,
            event.monthly_debt,
            event.payee_id,
            CAST(event.event_time AS DATE) AS event_on
          FROM risk.subject AS subject
          INNER JOIN risk.events AS event
            ON event.borrower_id = subject.borrower_id
            AND CAST(event.event_time AS DATE) <= subject.as_of
            AND CAST(event.received_at AS DATE) <= subject.as_of
          WHERE
            NOT event.is_too_late
        ) AS event
        WHERE
          event.kind = 'limit'
      )
      SELECT
        CAST(state.customer_id AS STRING) AS customer_id,
        CAST(state.credit_line_id AS STRING) AS line_id,
        CAST(state.event_on AS DATE) AS reported_on,
        CAST(state.balance AS DECIMAL(18, 2)) AS balance,
        CAST(state.credit_limit AS DECIMAL(18, 2)) AS credit_limit
      FROM state
      WHERE
        state.choice = 1
    ) AS line
      ON line.customer_id = subject.customer_id AND line.reported_on <= subject.as_of
  )
  SELECT
    reported.customer_id,
    reported.as_of,
    CASE
      WHEN COUNT(reported.balance) = COUNT(*)
      AND COUNT(reported.credit_limit) = COUNT(*)
      AND SUM(reported.credit_limit) > 0
      THEN CAST(SUM(reported.balance) AS DOUBLE) / CAST(SUM(reported.credit_limit) AS DOUBLE)
    END AS credit_utilization
  FROM reported
  WHERE
    reported.choice = 1
  GROUP BY
    reported.customer_id,
    reported.as_of
) AS credit_utilization
  ON credit_utilization.customer_id = identified.customer_id
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
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      WITH state AS (
        SELECT
          event.customer_id,
          event.due_on,
          event.paid_on,
          ROW_NUMBER() OVER (
            PARTITION BY event.customer_id, event.payment_id
            ORDER BY event.event_time DESC, event.event_id DESC
          ) AS choice
        FROM (
          SELECT
            CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
            event.event_id,
            event.kind,
            event.event_time,
            event.payment_id,
            event.due_on,
            event.paid_on,
            event.amount,
            event.balance,
            event.credit_line_id,
            event.credit_limit,
            event.gross_monthly_income,
            event.monthly_debt,
            event.payee_id,
            CAST(event.event_time AS DATE) AS event_on
          FROM risk.subject AS subject
          INNER JOIN risk.events AS event
            ON event.borrower_id = subject.borrower_id
            AND CAST(event.event_time AS DATE) <= subject.as_of
            AND CAST(event.received_at AS DATE) <= subject.as_of
          WHERE
            NOT event.is_too_late
        ) AS event
        WHERE
          event.kind = 'payment'
      )
      SELECT
        CAST(state.customer_id AS STRING) AS customer_id,
        CAST(state.due_on AS DATE) AS due_on,
        CAST(state.paid_on AS DATE) AS paid_on
      FROM state
      WHERE
        state.choice = 1
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
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      SELECT
        CAST(NULL AS STRING) AS customer_id,
        CAST(NULL AS DATE) AS reported_on,
        CAST(NULL AS STRING) AS payment_history
      WHERE
        FALSE
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
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM risk.subject AS subject
  ) AS subject
  LEFT JOIN month_delay
    ON month_delay.customer_id = subject.customer_id
    AND month_delay.as_of = subject.as_of
  GROUP BY
    subject.customer_id,
    subject.as_of
) AS payment_delay
  ON payment_delay.customer_id = identified.customer_id
INNER JOIN (
  WITH received AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      (
        YEAR(subject.as_of) - YEAR(income.received_on)
      ) * 12 + MONTH(subject.as_of) - MONTH(income.received_on) AS months_ago,
      income.amount
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      SELECT
        CAST(event.customer_id AS STRING) AS customer_id,
        CAST(event.event_on AS DATE) AS received_on,
        CAST(event.amount AS DECIMAL(18, 2)) AS amount
      FROM (
        SELECT
          CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
          event.event_id,
          event.kind,
          event.event_time,
          event.payment_id,
          event.due_on,
          event.paid_on,
          event.amount,
          event.balance,
          event.credit_line_id,
          event.credit_limit,
          event.gross_monthly_income,
          event.monthly_debt,
          event.payee_id,
          CAST(event.event_time AS DATE) AS event_on
        FROM risk.subject AS subject
        INNER JOIN risk.events AS event
          ON event.borrower_id = subject.borrower_id
          AND CAST(event.event_time AS DATE) <= subject.as_of
          AND CAST(event.received_at AS DATE) <= subject.as_of
        WHERE
          NOT event.is_too_late
      ) AS event
      WHERE
        event.kind = 'income'
    ) AS income
      ON income.customer_id = subject.customer_id AND income.received_on <= subject.as_of
  ), monthly AS (
    SELECT
      received.customer_id,
      received.as_of,
      received.months_ago,
      SUM(received.amount) AS amount
    FROM received
    WHERE
      received.months_ago >= 1
    GROUP BY
      received.customer_id,
      received.as_of,
      received.months_ago
  ), summed AS (
    SELECT
      monthly.customer_id,
      monthly.as_of,
      LEAST(MAX(monthly.months_ago), 12) AS months,
      SUM(CASE WHEN monthly.months_ago <= 12 THEN monthly.amount END) AS total,
      SUM(CASE WHEN monthly.months_ago <= 12 THEN monthly.amount * monthly.amount END) AS total_of_squares
    FROM monthly
    GROUP BY
      monthly.customer_id,
      monthly.as_of
  )
  SELECT
    subject.customer_id,
    subject.as_of,
    CASE
      WHEN summed.months >= 3 AND summed.total > 0
      THEN SQRT(
        CAST(summed.months * summed.total_of_squares - summed.total * summed.total AS DOUBLE) * CAST(summed.months AS DOUBLE) / CAST(summed.months - 1 AS DOUBLE)
      ) / CAST(summed.total AS DOUBLE)
    END AS income_variation
  FROM (
    SELECT
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM risk.subject AS subject
  ) AS subject
  LEFT JOIN summed
    ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of
) AS income_stability
  ON income_stability.customer_id = identified.customer_id
INNER JOIN (
  WITH flow AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      (
        YEAR(subject.as_of) - YEAR(movement.booked_on)
      ) * 12 + MONTH(subject.as_of) - MONTH(movement.booked_on) AS months_ago,
      movement.amount
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      SELECT
        CAST(event.customer_id AS STRING) AS customer_id,
        CAST(event.event_on AS DATE) AS booked_on,
        CAST(event.amount AS DECIMAL(18, 2)) AS amount
      FROM (
        SELECT
          CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
          event.event_id,
          event.kind,
          event.event_time,
          event.payment_id,
          event.due_on,
          event.paid_on,
          event.amount,
          event.balance,
          event.credit_line_id,
          event.credit_limit,
          event.gross_monthly_income,
          event.monthly_debt,
          event.payee_id,
          CAST(event.event_time AS DATE) AS event_on
        FROM risk.subject AS subject
        INNER JOIN risk.events AS event
          ON event.borrower_id = subject.borrower_id
          AND CAST(event.event_time AS DATE) <= subject.as_of
          AND CAST(event.received_at AS DATE) <= subject.as_of
        WHERE
          NOT event.is_too_late
      ) AS event
      WHERE
        event.kind = 'transaction'
    ) AS movement
      ON movement.customer_id = subject.customer_id
      AND movement.booked_on <= subject.as_of
  ), summed AS (
    SELECT
      flow.customer_id,
      flow.as_of,
      SUM(flow.amount) AS saved,
      SUM(CASE WHEN flow.amount > 0 THEN flow.amount END) AS paid_in
    FROM flow
    WHERE
      flow.months_ago BETWEEN 1 AND 6
    GROUP BY
      flow.customer_id,
      flow.as_of
  )
  SELECT
    subject.customer_id,
    subject.as_of,
    CAST(summed.saved AS DOUBLE) / CAST(summed.paid_in AS DOUBLE) AS savings_rate
  FROM (
    SELECT
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM risk.subject AS subject
  ) AS subject
  LEFT JOIN summed
    ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of
) AS savings_rate
  ON savings_rate.customer_id = identified.customer_id
INNER JOIN (
  WITH opened AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      MIN(account.opened_on) AS opened_on
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    LEFT JOIN (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
        CAST(borrower.opened_on AS DATE) AS opened_on
      FROM risk.subject AS subject
      INNER JOIN staging.portfolio_borrower AS borrower
        ON borrower.borrower_id = subject.borrower_id
    ) AS account
      ON account.customer_id = subject.customer_id AND account.opened_on <= subject.as_of
    GROUP BY
      subject.customer_id,
      subject.as_of
  )
  SELECT
    opened.customer_id,
    opened.as_of,
    CAST((
      YEAR(opened.as_of) - YEAR(opened.opened_on)
    ) * 12 + MONTH(opened.as_of) - MONTH(opened.opened_on) - CASE WHEN DAY(opened.as_of) < DAY(opened.opened_on) THEN 1 ELSE 0 END AS DOUBLE) AS account_age
  FROM opened
) AS account_age
  ON account_age.customer_id = identified.customer_id
INNER JOIN (
  WITH known AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      (
        YEAR(subject.as_of) - YEAR(balance.balance_on)
      ) * 12 + MONTH(subject.as_of) - MONTH(balance.balance_on) AS months_ago,
      balance.balance_on,
      balance.balance
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      WITH state AS (
        SELECT
          event.customer_id,
          event.event_on,
          event.balance,
          ROW_NUMBER() OVER (
            PARTITION BY event.customer_id, event.event_on
            ORDER BY event.event_time DESC, event.event_id DESC
          ) AS choice
        FROM (
          SELECT
            CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
            event.event_id,
            event.kind,
            event.event_time,
            event.payment_id,
            event.due_on,
            event.paid_on,
            event.amount,
            event.balance,
            event.credit_line_id,
            event.credit_limit,
            event.gross_monthly_income,
            event.monthly_debt,
            event.payee_id,
            CAST(event.event_time AS DATE) AS event_on
          FROM risk.subject AS subject
          INNER JOIN risk.events AS event
            ON event.borrower_id = subject.borrower_id
            AND CAST(event.event_time AS DATE) <= subject.as_of
            AND CAST(event.received_at AS DATE) <= subject.as_of
          WHERE
            NOT event.is_too_late
        ) AS event
        WHERE
          event.kind = 'balance'
      )
      SELECT
        CAST(state.customer_id AS STRING) AS customer_id,
        CAST(state.event_on AS DATE) AS balance_on,
        CAST(state.balance AS DECIMAL(18, 2)) AS balance
      FROM state
      WHERE
        state.choice = 1
    ) AS balance
      ON balance.customer_id = subject.customer_id AND balance.balance_on <= subject.as_of
    WHERE
      NOT balance.balance IS NULL
  ), last_of_month AS (
    SELECT
      known.customer_id,
      known.as_of,
      -known.months_ago AS month,
      known.balance,
      ROW_NUMBER() OVER (
        PARTITION BY known.customer_id, known.as_of, known.months_ago
        ORDER BY known.balance_on DESC, known.balance ASC NULLS LAST
      ) AS choice
    FROM known
    WHERE
      known.months_ago < 6
  ), summed AS (
    SELECT
      last_of_month.customer_id,
      last_of_month.as_of,
      COUNT(*) AS months,
      SUM(last_of_month.month) AS total_of_months,
      SUM(last_of_month.month * last_of_month.month) AS total_of_squares,
      SUM(last_of_month.balance) AS total,
      SUM(last_of_month.month * last_of_month.balance) AS total_of_products
    FROM last_of_month
    WHERE
      last_of_month.choice = 1
    GROUP BY
      last_of_month.customer_id,
      last_of_month.as_of
  )
  SELECT
    subject.customer_id,
    subject.as_of,
    CASE
      WHEN summed.months >= 3
      THEN CAST(summed.months * summed.total_of_products - summed.total_of_months * summed.total AS DOUBLE) / CAST(summed.months * summed.total_of_squares - summed.total_of_months * summed.total_of_months AS DOUBLE)
    END AS balance_trend
  FROM (
    SELECT
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM risk.subject AS subject
  ) AS subject
  LEFT JOIN summed
    ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of
) AS balance_trend
  ON balance_trend.customer_id = identified.customer_id
INNER JOIN (
  WITH known AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      (
        YEAR(subject.as_of) - YEAR(balance.balance_on)
      ) * 12 + MONTH(subject.as_of) - MONTH(balance.balance_on) AS months_ago,
      balance.balance,
      LAG(balance.balance) OVER (
        PARTITION BY subject.customer_id, subject.as_of
        ORDER BY balance.balance_on ASC NULLS LAST, balance.balance ASC NULLS LAST
      ) AS balance_before
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      WITH state AS (
        SELECT
          event.customer_id,
          event.event_on,
          event.balance,
          ROW_NUMBER() OVER (
            PARTITION BY event.customer_id, event.event_on
            ORDER BY event.event_time DESC, event.event_id DESC
          ) AS choice
        FROM (
          SELECT
            CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
            event.event_id,
            event.kind,
            event.event_time,
            event.payment_id,
            event.due_on,
            event.paid_on,
            event.amount,
            event.balance,
            event.credit_line_id,
            event.credit_limit,
            event.gross_monthly_income,
            event.monthly_debt,
            event.payee_id,
            CAST(event.event_time AS DATE) AS event_on
          FROM risk.subject AS subject
          INNER JOIN risk.events AS event
            ON event.borrower_id = subject.borrower_id
            AND CAST(event.event_time AS DATE) <= subject.as_of
            AND CAST(event.received_at AS DATE) <= subject.as_of
          WHERE
            NOT event.is_too_late
        ) AS event
        WHERE
          event.kind = 'balance'
      )
      SELECT
        CAST(state.customer_id AS STRING) AS customer_id,
        CAST(state.event_on AS DATE) AS balance_on,
        CAST(state.balance AS DECIMAL(18, 2)) AS balance
      FROM state
      WHERE
        state.choice = 1
    ) AS balance
      ON balance.customer_id = subject.customer_id AND balance.balance_on <= subject.as_of
    WHERE
      NOT balance.balance IS NULL
  ), counted AS (
    SELECT
      known.customer_id,
      known.as_of,
      SUM(
        CASE
          WHEN known.balance < 0 AND COALESCE(known.balance_before, 0) >= 0
          THEN 1
          ELSE 0
        END
      ) AS overdrafts
    FROM known
    WHERE
      known.months_ago < 12
    GROUP BY
      known.customer_id,
      known.as_of
  )
  SELECT
    subject.customer_id,
    subject.as_of,
    CAST(counted.overdrafts AS DOUBLE) AS overdrafts_12m
  FROM (
    SELECT
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM risk.subject AS subject
  ) AS subject
  LEFT JOIN counted
    ON counted.customer_id = subject.customer_id AND counted.as_of = subject.as_of
) AS overdrafts
  ON overdrafts.customer_id = identified.customer_id
INNER JOIN (
  WITH booked AS (
    SELECT
      subject.customer_id,
      subject.as_of,
      DATEDIFF(DAY, movement.booked_on, subject.as_of) AS days_ago,
      CASE WHEN movement.amount < 0 THEN -movement.amount END AS paid_out
    FROM (
      SELECT
        CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
        CAST(subject.as_of AS DATE) AS as_of
      FROM risk.subject AS subject
    ) AS subject
    INNER JOIN (
      SELECT
        CAST(event.customer_id AS STRING) AS customer_id,
        CAST(event.event_on AS DATE) AS booked_on,
        CAST(event.amount AS DECIMAL(18, 2)) AS amount
      FROM (
        SELECT
          CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
          event.event_id,
          event.kind,
          event.event_time,
          event.payment_id,
          event.due_on,
          event.paid_on,
          event.amount,
          event.balance,
          event.credit_line_id,
          event.credit_limit,
          event.gross_monthly_income,
          event.monthly_debt,
          event.payee_id,
          CAST(event.event_time AS DATE) AS event_on
        FROM risk.subject AS subject
        INNER JOIN risk.events AS event
          ON event.borrower_id = subject.borrower_id
          AND CAST(event.event_time AS DATE) <= subject.as_of
          AND CAST(event.received_at AS DATE) <= subject.as_of
        WHERE
          NOT event.is_too_late
      ) AS event
      WHERE
        event.kind = 'transaction'
    ) AS movement
      ON movement.customer_id = subject.customer_id
      AND movement.booked_on <= subject.as_of
  ), summed AS (
    SELECT
      booked.customer_id,
      booked.as_of,
      SUM(CASE WHEN booked.days_ago < 90 THEN 1 ELSE 0 END) AS transactions,
      MAX(CASE WHEN booked.days_ago < 90 THEN booked.paid_out END) AS largest,
      SUM(CASE WHEN booked.days_ago < 90 THEN booked.paid_out END) AS paid_out
    FROM booked
    GROUP BY
      booked.customer_id,
      booked.as_of
  )
  SELECT
    subject.customer_id,
    subject.as_of,
    CAST(summed.transactions AS DOUBLE) AS transactions_90d,
    CAST(summed.largest AS DOUBLE) / CAST(summed.paid_out AS DOUBLE) AS largest_payout_share_90d
  FROM (
    SELECT
      CAST(subject.borrower_id || '@' || CAST(subject.as_of AS STRING) AS STRING) AS customer_id,
      CAST(subject.as_of AS DATE) AS as_of
    FROM risk.subject AS subject
  ) AS subject
  LEFT JOIN summed
    ON summed.customer_id = subject.customer_id AND summed.as_of = subject.as_of
) AS transaction_patterns
  ON transaction_patterns.customer_id = identified.customer_id;
