-- The customers and the day for which features are computed.
SELECT
    CAST(subject.customer_id AS VARCHAR) AS customer_id,
    CAST(subject.as_of AS DATE) AS as_of
FROM program.subject AS subject
