-- Staged rows that silver does not accept, with the first rule that each breaks. Every other staged row is in silver.
-- A row without an accepted parent is an orphan, also if its parent is one: a card whose disposition has no client.
-- grain: source, row_key
-- not null: source, row_key, reason, column_name
-- rule birth_number_invalid: The birth number is not a date of birth.
-- rule without_district: No accepted district has the district_id.
-- rule without_client: No accepted client has the client_id.
-- rule without_account: No accepted account has the account_id.
-- rule without_disposition: No accepted disposition has the disposition_id.
-- rule second_owner: Another accepted disposition, with a smaller disposition_id, already makes a client the owner.
-- rule loan_before_account: The loan was granted before its account was opened.
-- rule transaction_before_account: The transaction was booked before its account was opened.
-- rule amount_missing: The amount is missing.
-- rule balance_missing: The balance after the transaction is missing.
-- rule terms_missing: The duration or the monthly payment of the loan is missing.
-- rule currency_unknown: The currency is missing, or is not one of the policy: :currencies.
-- source: The source of the row.
-- row_key: The key of the row in its source.
-- reason: The code of the rule.
-- column_name: The column that breaks the rule.
WITH client AS (
    SELECT
        staged.client_id,
        CASE
            WHEN birth.client_id IS NULL THEN 'birth_number_invalid'
            WHEN district.district_id IS NULL THEN 'without_district'
        END AS reason
    FROM staging.client AS staged
    LEFT JOIN input.birth AS birth
        ON birth.client_id = staged.client_id
    LEFT JOIN staging.district AS district
        ON district.district_id = staged.district_id
),
account AS (
    SELECT
        staged.account_id,
        staged.opened_on,
        CASE
            WHEN district.district_id IS NULL THEN 'without_district'
            WHEN staged.currency IS NULL OR NOT UPPER(staged.currency) IN (:currencies) THEN 'currency_unknown'
        END AS reason
    FROM staging.account AS staged
    LEFT JOIN staging.district AS district
        ON district.district_id = staged.district_id
),
linked AS (
    SELECT
        staged.disposition_id,
        staged.account_id,
        staged.role,
        CASE
            WHEN client.client_id IS NULL THEN 'without_client'
            WHEN account.account_id IS NULL THEN 'without_account'
        END AS reason
    FROM staging.disposition AS staged
    LEFT JOIN client
        ON client.client_id = staged.client_id
        AND client.reason IS NULL
    LEFT JOIN account
        ON account.account_id = staged.account_id
        AND account.reason IS NULL
),
disposition AS (
    SELECT
        linked.disposition_id,
        CASE
            WHEN linked.reason IS NOT NULL THEN linked.reason
            WHEN linked.role = 'owner'
                AND ROW_NUMBER() OVER (
                    PARTITION BY linked.account_id, linked.role, linked.reason
                    ORDER BY linked.disposition_id ASC NULLS LAST
                ) > 1
                THEN 'second_owner'
        END AS reason
    FROM linked
),
card AS (
    SELECT
        staged.card_id,
        CASE WHEN disposition.disposition_id IS NULL THEN 'without_disposition' END AS reason
    FROM staging.card AS staged
    LEFT JOIN disposition
        ON disposition.disposition_id = staged.disposition_id
        AND disposition.reason IS NULL
),
loan AS (
    SELECT
        staged.loan_id,
        CASE
            WHEN account.account_id IS NULL THEN 'without_account'
            WHEN staged.granted_on < account.opened_on THEN 'loan_before_account'
            WHEN staged.amount IS NULL THEN 'amount_missing'
            WHEN staged.duration_months IS NULL OR staged.monthly_payment IS NULL THEN 'terms_missing'
            WHEN staged.currency IS NULL OR NOT UPPER(staged.currency) IN (:currencies) THEN 'currency_unknown'
        END AS reason
    FROM staging.loan AS staged
    LEFT JOIN account
        ON account.account_id = staged.account_id
        AND account.reason IS NULL
),
standing_order AS (
    SELECT
        staged.order_id,
        CASE
            WHEN account.account_id IS NULL THEN 'without_account'
            WHEN staged.amount IS NULL THEN 'amount_missing'
            WHEN staged.currency IS NULL OR NOT UPPER(staged.currency) IN (:currencies) THEN 'currency_unknown'
        END AS reason
    FROM staging."order" AS staged
    LEFT JOIN account
        ON account.account_id = staged.account_id
        AND account.reason IS NULL
),
booked AS (
    SELECT
        staged.transaction_id,
        CASE
            WHEN account.account_id IS NULL THEN 'without_account'
            WHEN staged.booked_on < account.opened_on THEN 'transaction_before_account'
            WHEN staged.amount IS NULL THEN 'amount_missing'
            WHEN staged.balance IS NULL THEN 'balance_missing'
            WHEN staged.currency IS NULL OR NOT UPPER(staged.currency) IN (:currencies) THEN 'currency_unknown'
        END AS reason
    FROM staging."transaction" AS staged
    LEFT JOIN account
        ON account.account_id = staged.account_id
        AND account.reason IS NULL
),
judged AS (
    SELECT
        'client' AS source,
        client.client_id AS row_key,
        client.reason
    FROM client
    UNION ALL
    SELECT
        'account' AS source,
        account.account_id AS row_key,
        account.reason
    FROM account
    UNION ALL
    SELECT
        'disposition' AS source,
        disposition.disposition_id AS row_key,
        disposition.reason
    FROM disposition
    UNION ALL
    SELECT
        'card' AS source,
        card.card_id AS row_key,
        card.reason
    FROM card
    UNION ALL
    SELECT
        'loan' AS source,
        loan.loan_id AS row_key,
        loan.reason
    FROM loan
    UNION ALL
    SELECT
        'order' AS source,
        standing_order.order_id AS row_key,
        standing_order.reason
    FROM standing_order
    UNION ALL
    SELECT
        'transaction' AS source,
        booked.transaction_id AS row_key,
        booked.reason
    FROM booked
)
SELECT
    CAST(judged.source AS VARCHAR) AS source,
    judged.row_key,
    CAST(judged.reason AS VARCHAR) AS reason,
    CAST(
        CASE judged.reason
            WHEN 'birth_number_invalid' THEN 'birth_number'
            WHEN 'without_district' THEN 'district_id'
            WHEN 'without_client' THEN 'client_id'
            WHEN 'without_account' THEN 'account_id'
            WHEN 'without_disposition' THEN 'disposition_id'
            WHEN 'second_owner' THEN 'role'
            WHEN 'loan_before_account' THEN 'granted_on'
            WHEN 'transaction_before_account' THEN 'booked_on'
            WHEN 'amount_missing' THEN 'amount'
            WHEN 'balance_missing' THEN 'balance'
            WHEN 'terms_missing' THEN 'duration_months'
            WHEN 'currency_unknown' THEN 'currency'
        END
        AS VARCHAR
    ) AS column_name
FROM judged
WHERE
    judged.reason IS NOT NULL
