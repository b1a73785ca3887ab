-- Payment histories as texts of one character a month, the month of reported_on first.
-- 0 is on time or less than 30 days late, 1 to 6 is that many months late (6 also for more), and any other character is a
-- month in which nothing was due, or of which nothing is known.
SELECT
    CAST(application.customer_id AS VARCHAR) AS customer_id,
    CAST(application.decided_on AS DATE) AS reported_on,
    CAST(application.payment_history AS VARCHAR) AS payment_history
FROM staging.application_history AS application
