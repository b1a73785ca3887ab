-- Balance of each lien on a customer's home, as reported on a day; the lien in position 1 is paid first.
-- A decision has one sum of all liens but the first, which counts as one lien.
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
