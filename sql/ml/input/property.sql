-- The value of a customer's home, as known on a day.
SELECT
    CAST(decision.customer_id AS VARCHAR) AS customer_id,
    CAST(decision.decided_on AS DATE) AS valued_on,
    CAST(decision.property_value AS DECIMAL(18, 2)) AS value
FROM staging.credit_decision AS decision
