-- Events that the stream kept in the lake, and that arrived by the end of the as-of day.
-- Python reads them; this query is the relation without a stream: no row. Payees are masked as in the source.
-- grain: topic, borrower_id, event_id
-- not null: topic, borrower_id, event_id, kind, event_time, received_at
-- kafka_partition: The partition of the topic.
-- kafka_offset: The offset in the partition.
SELECT
    CAST(NULL AS VARCHAR) AS topic,
    CAST(NULL AS VARCHAR) AS event_id,
    CAST(NULL AS VARCHAR) AS borrower_id,
    CAST(NULL AS VARCHAR) AS kind,
    CAST(NULL AS TIMESTAMP) AS event_time,
    CAST(NULL AS TIMESTAMP) AS received_at,
    CAST(NULL AS VARCHAR) AS payment_id,
    CAST(NULL AS DATE) AS due_on,
    CAST(NULL AS DATE) AS paid_on,
    CAST(NULL AS DECIMAL(18, 2)) AS amount,
    CAST(NULL AS DECIMAL(18, 2)) AS balance,
    CAST(NULL AS VARCHAR) AS credit_line_id,
    CAST(NULL AS DECIMAL(18, 2)) AS credit_limit,
    CAST(NULL AS DECIMAL(18, 2)) AS gross_monthly_income,
    CAST(NULL AS DECIMAL(18, 2)) AS monthly_debt,
    event.payee_id,
    CAST(NULL AS INTEGER) AS kafka_partition,
    CAST(NULL AS BIGINT) AS kafka_offset
FROM staging.account_transaction AS event
WHERE
    FALSE
