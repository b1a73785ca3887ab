-- Payouts that are possibly fraudulent; a row for each rule that reports one. The rules are in sql/risk/filters/.
-- grain: borrower_id, as_of, rule, event_id
-- not null: borrower_id, as_of, rule, event_id, event_time, payout
-- rule: The rule that reports the payout.
WITH reported AS (
    SELECT
        velocity.borrower_id,
        velocity.as_of,
        velocity.rule,
        velocity.event_id
    FROM filters.payout_velocity AS velocity
    WHERE
        velocity.rule IS NOT NULL
    UNION ALL
    SELECT
        amount.borrower_id,
        amount.as_of,
        amount.rule,
        amount.event_id
    FROM filters.payout_amount AS amount
    WHERE
        amount.rule IS NOT NULL
    UNION ALL
    SELECT
        payee.borrower_id,
        payee.as_of,
        payee.rule,
        payee.event_id
    FROM filters.payout_to_new_payee AS payee
    WHERE
        payee.rule IS NOT NULL
)
SELECT
    reported.borrower_id,
    reported.as_of,
    reported.rule,
    reported.event_id,
    payout.event_time,
    payout.payout
FROM reported
INNER JOIN risk.payout AS payout
    ON payout.borrower_id = reported.borrower_id
    AND payout.as_of = reported.as_of
    AND payout.event_id = reported.event_id
