-- duckdb
WITH client AS (
  SELECT
    staged.client_id,
    CASE
      WHEN birth.client_id IS NULL
      THEN 'birth_number_invalid'
      WHEN district.district_id IS NULL
      THEN 'without_district'
    END AS reason
  FROM staging.client AS staged
  LEFT JOIN (
    WITH digits AS (
      SELECT
        client.client_id,
        CAST(SUBSTRING(client.birth_number, 1, 2) AS BIGINT) AS year_of_century,
        CAST(SUBSTRING(client.birth_number, 3, 2) AS BIGINT) AS month_and_sex,
        SUBSTRING(client.birth_number, 5, 2) AS day
      FROM staging.client AS client
      WHERE
        REGEXP_MATCHES(client.birth_number, '^[0-9]{6}$')
    ), dated AS (
      SELECT
        digits.client_id,
        TRY_CAST(CAST(CAST('1911' AS BIGINT) - CAST('1911' AS BIGINT) % 100 + digits.year_of_century + CASE WHEN digits.year_of_century < CAST('1911' AS BIGINT) % 100 THEN 100 ELSE 0 END AS TEXT) || '-' || LPAD(
          CAST(digits.month_and_sex - CASE WHEN digits.month_and_sex > 50 THEN 50 ELSE 0 END AS TEXT),
          2,
          '0'
        ) || '-' || digits.day AS DATE) AS birth_date,
        CASE WHEN digits.month_and_sex > 50 THEN 'female' ELSE 'male' END AS sex
      FROM digits
    )
    SELECT
      dated.client_id,
      dated.birth_date,
      dated.sex
    FROM dated
    WHERE
      NOT dated.birth_date IS NULL
  ) AS birth
    ON birth.client_id = staged.client_id
  LEFT JOIN staging.district AS district
    ON district.district_id = staged.district_id
), account AS (
  SELECT
    staged.account_id,
    staged.opened_on,
    CASE
      WHEN district.district_id IS NULL
      THEN 'without_district'
      WHEN staged.currency IS NULL
      OR NOT UPPER(staged.currency) IN (CAST('CZK' AS TEXT), CAST('EUR' AS TEXT), CAST('USD' AS TEXT))
      THEN 'currency_unknown'
    END AS reason
  FROM staging.account AS staged
  LEFT JOIN staging.district AS district
    ON district.district_id = staged.district_id
), linked AS (
  SELECT
    staged.disposition_id,
    staged.account_id,
    staged.role,
    CASE
      WHEN client.client_id IS NULL
      THEN 'without_client'
      WHEN account.account_id IS NULL
      THEN 'without_account'
    END AS reason
  FROM staging.disposition AS staged
  LEFT JOIN client
    ON client.client_id = staged.client_id AND client.reason IS NULL
  LEFT JOIN account
    ON account.account_id = staged.account_id AND account.reason IS NULL
), disposition AS (
  SELECT
    linked.disposition_id,
    CASE
      WHEN NOT linked.reason IS NULL
      THEN linked.reason
      WHEN linked.role = 'owner'
      AND ROW_NUMBER() OVER (
        PARTITION BY linked.account_id, linked.role, linked.reason
        ORDER BY linked.disposition_id ASC
      ) > 1
      THEN 'second_owner'
    END AS reason
  FROM linked
), card AS (
  SELECT
    staged.card_id,
    CASE WHEN disposition.disposition_id IS NULL THEN 'without_disposition' END AS reason
  FROM staging.card AS staged
  LEFT JOIN disposition
    ON disposition.disposition_id = staged.disposition_id AND disposition.reason IS NULL
), loan AS (
  SELECT
    staged.loan_id,
    CASE
      WHEN account.account_id IS NULL
      THEN 'without_account'
      WHEN staged.granted_on < account.opened_on
      THEN 'loan_before_account'
      WHEN staged.amount IS NULL
      THEN 'amount_missing'
      WHEN staged.duration_months IS NULL OR staged.monthly_payment IS NULL
      THEN 'terms_missing'
      WHEN staged.currency IS NULL
      OR NOT UPPER(staged.currency) IN (CAST('CZK' AS TEXT), CAST('EUR' AS TEXT), CAST('USD' AS TEXT))
      THEN 'currency_unknown'
    END AS reason
  FROM staging.loan AS staged
  LEFT JOIN account
    ON account.account_id = staged.account_id AND account.reason IS NULL
), standing_order AS (
  SELECT
    staged.order_id,
    CASE
      WHEN account.account_id IS NULL
      THEN 'without_account'
      WHEN staged.amount IS NULL
      THEN 'amount_missing'
      WHEN staged.currency IS NULL
      OR NOT UPPER(staged.currency) IN (CAST('CZK' AS TEXT), CAST('EUR' AS TEXT), CAST('USD' AS TEXT))
      THEN 'currency_unknown'
    END AS reason
  FROM staging."order" AS staged
  LEFT JOIN account
    ON account.account_id = staged.account_id AND account.reason IS NULL
), booked AS (
  SELECT
    staged.transaction_id,
    CASE
      WHEN account.account_id IS NULL
      THEN 'without_account'
      WHEN staged.booked_on < account.opened_on
      THEN 'transaction_before_account'
      WHEN staged.amount IS NULL
      THEN 'amount_missing'
      WHEN staged.balance IS NULL
      THEN 'balance_missing'
      WHEN staged.currency IS NULL
      OR NOT UPPER(staged.currency) IN (CAST('CZK' AS TEXT), CAST('EUR' AS TEXT), CAST('USD' AS TEXT))
      THEN 'currency_unknown'
    END AS reason
  FROM staging."transaction" AS staged
  LEFT JOIN account
    ON account.account_id = staged.account_id AND account.reason IS NULL
), judged AS (
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
  CAST(judged.source AS TEXT) AS source,
  judged.row_key,
  CAST(judged.reason AS TEXT) AS reason,
  CAST(CASE judged.reason
    WHEN 'birth_number_invalid'
    THEN 'birth_number'
    WHEN 'without_district'
    THEN 'district_id'
    WHEN 'without_client'
    THEN 'client_id'
    WHEN 'without_account'
    THEN 'account_id'
    WHEN 'without_disposition'
    THEN 'disposition_id'
    WHEN 'second_owner'
    THEN 'role'
    WHEN 'loan_before_account'
    THEN 'granted_on'
    WHEN 'transaction_before_account'
    THEN 'booked_on'
    WHEN 'amount_missing'
    THEN 'amount'
    WHEN 'balance_missing'
    THEN 'balance'
    WHEN 'terms_missing'
    THEN 'duration_months'
    WHEN 'currency_unknown'
    THEN 'currency'
  END AS TEXT) AS column_name
FROM judged
WHERE
  NOT judged.reason IS NULL;

-- trino, athena
WITH client AS (
  SELECT
    staged.client_id,
    CASE
      WHEN birth.client_id IS NULL
      THEN 'birth_number_invalid'
      WHEN district.district_id IS NULL
      THEN 'without_district'
    END AS reason
  FROM staging.client AS staged
  LEFT JOIN (
    WITH digits AS (
      SELECT
        client.client_id,
        CAST(SUBSTR(client.birth_number, 1, 2) AS BIGINT) AS year_of_century,
        CAST(SUBSTR(client.birth_number, 3, 2) AS BIGINT) AS month_and_sex,
        SUBSTR(client.birth_number, 5, 2) AS day
      FROM staging.client AS client
      WHERE
        REGEXP_LIKE(client.birth_number, '^[0-9]{6}$')
    ), dated AS (
      SELECT
        digits.client_id,
        TRY_CAST(CAST(CAST('1911' AS BIGINT) - CAST('1911' AS BIGINT) % 100 + digits.year_of_century + CASE WHEN digits.year_of_century < CAST('1911' AS BIGINT) % 100 THEN 100 ELSE 0 END AS VARCHAR) || '-' || LPAD(
          CAST(digits.month_and_sex - CASE WHEN digits.month_and_sex > 50 THEN 50 ELSE 0 END AS VARCHAR),
          2,
          '0'
        ) || '-' || digits.day AS DATE) AS birth_date,
        CASE WHEN digits.month_and_sex > 50 THEN 'female' ELSE 'male' END AS sex
      FROM digits
    )
    SELECT
      dated.client_id,
      dated.birth_date,
      dated.sex
    FROM dated
    WHERE
      NOT dated.birth_date IS NULL
  ) AS birth
    ON birth.client_id = staged.client_id
  LEFT JOIN staging.district AS district
    ON district.district_id = staged.district_id
), account AS (
  SELECT
    staged.account_id,
    staged.opened_on,
    CASE
      WHEN district.district_id IS NULL
      THEN 'without_district'
      WHEN staged.currency IS NULL
      OR NOT UPPER(staged.currency) IN (CAST('CZK' AS VARCHAR), CAST('EUR' AS VARCHAR), CAST('USD' AS VARCHAR))
      THEN 'currency_unknown'
    END AS reason
  FROM staging.account AS staged
  LEFT JOIN staging.district AS district
    ON district.district_id = staged.district_id
), linked AS (
  SELECT
    staged.disposition_id,
    staged.account_id,
    staged.role,
    CASE
      WHEN client.client_id IS NULL
      THEN 'without_client'
      WHEN account.account_id IS NULL
      THEN 'without_account'
    END AS reason
  FROM staging.disposition AS staged
  LEFT JOIN client
    ON client.client_id = staged.client_id AND client.reason IS NULL
  LEFT JOIN account
    ON account.account_id = staged.account_id AND account.reason IS NULL
), disposition AS (
  SELECT
    linked.disposition_id,
    CASE
      WHEN NOT linked.reason IS NULL
      THEN linked.reason
      WHEN linked.role = 'owner'
      AND ROW_NUMBER() OVER (
        PARTITION BY linked.account_id, linked.role, linked.reason
        ORDER BY linked.disposition_id ASC
      ) > 1
      THEN 'second_owner'
    END AS reason
  FROM linked
), card AS (
  SELECT
    staged.card_id,
    CASE WHEN disposition.disposition_id IS NULL THEN 'without_disposition' END AS reason
  FROM staging.card AS staged
  LEFT JOIN disposition
    ON disposition.disposition_id = staged.disposition_id AND disposition.reason IS NULL
), loan AS (
  SELECT
    staged.loan_id,
    CASE
      WHEN account.account_id IS NULL
      THEN 'without_account'
      WHEN staged.granted_on < account.opened_on
      THEN 'loan_before_account'
      WHEN staged.amount IS NULL
      THEN 'amount_missing'
      WHEN staged.duration_months IS NULL OR staged.monthly_payment IS NULL
      THEN 'terms_missing'
      WHEN staged.currency IS NULL
      OR NOT UPPER(staged.currency) IN (CAST('CZK' AS VARCHAR), CAST('EUR' AS VARCHAR), CAST('USD' AS VARCHAR))
      THEN 'currency_unknown'
    END AS reason
  FROM staging.loan AS staged
  LEFT JOIN account
    ON account.account_id = staged.account_id AND account.reason IS NULL
), standing_order AS (
  SELECT
    staged.order_id,
    CASE
      WHEN account.account_id IS NULL
      THEN 'without_account'
      WHEN staged.amount IS NULL
      THEN 'amount_missing'
      WHEN staged.currency IS NULL
      OR NOT UPPER(staged.currency) IN (CAST('CZK' AS VARCHAR), CAST('EUR' AS VARCHAR), CAST('USD' AS VARCHAR))
      THEN 'currency_unknown'
    END AS reason
  FROM staging."order" AS staged
  LEFT JOIN account
    ON account.account_id = staged.account_id AND account.reason IS NULL
), booked AS (
  SELECT
    staged.transaction_id,
    CASE
      WHEN account.account_id IS NULL
      THEN 'without_account'
      WHEN staged.booked_on < account.opened_on
      THEN 'transaction_before_account'
      WHEN staged.amount IS NULL
      THEN 'amount_missing'
      WHEN staged.balance IS NULL
      THEN 'balance_missing'
      WHEN staged.currency IS NULL
      OR NOT UPPER(staged.currency) IN (CAST('CZK' AS VARCHAR), CAST('EUR' AS VARCHAR), CAST('USD' AS VARCHAR))
      THEN 'currency_unknown'
    END AS reason
  FROM staging."transaction" AS staged
  LEFT JOIN account
    ON account.account_id = staged.account_id AND account.reason IS NULL
), judged AS (
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
  CAST(CASE judged.reason
    WHEN 'birth_number_invalid'
    THEN 'birth_number'
    WHEN 'without_district'
    THEN 'district_id'
    WHEN 'without_client'
    THEN 'client_id'
    WHEN 'without_account'
    THEN 'account_id'
    WHEN 'without_disposition'
    THEN 'disposition_id'
    WHEN 'second_owner'
    THEN 'role'
    WHEN 'loan_before_account'
    THEN 'granted_on'
    WHEN 'transaction_before_account'
    THEN 'booked_on'
    WHEN 'amount_missing'
    THEN 'amount'
    WHEN 'balance_missing'
    THEN 'balance'
    WHEN 'terms_missing'
    THEN 'duration_months'
    WHEN 'currency_unknown'
    THEN 'currency'
  END AS VARCHAR) AS column_name
FROM judged
WHERE
  NOT judged.reason IS NULL;

-- spark
WITH client AS (
  SELECT
    staged.client_id,
    CASE
      WHEN birth.client_id IS NULL
      THEN 'birth_number_invalid'
      WHEN district.district_id IS NULL
      THEN 'without_district'
    END AS reason
  FROM staging.client AS staged
  LEFT JOIN (
    WITH digits AS (
      SELECT
        client.client_id,
        CAST(SUBSTRING(client.birth_number, 1, 2) AS BIGINT) AS year_of_century,
        CAST(SUBSTRING(client.birth_number, 3, 2) AS BIGINT) AS month_and_sex,
        SUBSTRING(client.birth_number, 5, 2) AS day
      FROM staging.client AS client
      WHERE
        client.birth_number RLIKE '^[0-9]{6}$'
    ), dated AS (
      SELECT
        digits.client_id,
        TRY_CAST(CAST(CAST('1911' AS BIGINT) - CAST('1911' AS BIGINT) % 100 + digits.year_of_century + CASE WHEN digits.year_of_century < CAST('1911' AS BIGINT) % 100 THEN 100 ELSE 0 END AS STRING) || '-' || LPAD(
          CAST(digits.month_and_sex - CASE WHEN digits.month_and_sex > 50 THEN 50 ELSE 0 END AS STRING),
          2,
          '0'
        ) || '-' || digits.day AS DATE) AS birth_date,
        CASE WHEN digits.month_and_sex > 50 THEN 'female' ELSE 'male' END AS sex
      FROM digits
    )
    SELECT
      dated.client_id,
      dated.birth_date,
      dated.sex
    FROM dated
    WHERE
      NOT dated.birth_date IS NULL
  ) AS birth
    ON birth.client_id = staged.client_id
  LEFT JOIN staging.district AS district
    ON district.district_id = staged.district_id
), account AS (
  SELECT
    staged.account_id,
    staged.opened_on,
    CASE
      WHEN district.district_id IS NULL
      THEN 'without_district'
      WHEN staged.currency IS NULL
      OR NOT UPPER(staged.currency) IN (CAST('CZK' AS STRING), CAST('EUR' AS STRING), CAST('USD' AS STRING))
      THEN 'currency_unknown'
    END AS reason
  FROM staging.account AS staged
  LEFT JOIN staging.district AS district
    ON district.district_id = staged.district_id
), linked AS (
  SELECT
    staged.disposition_id,
    staged.account_id,
    staged.role,
    CASE
      WHEN client.client_id IS NULL
      THEN 'without_client'
      WHEN account.account_id IS NULL
      THEN 'without_account'
    END AS reason
  FROM staging.disposition AS staged
  LEFT JOIN client
    ON client.client_id = staged.client_id AND client.reason IS NULL
  LEFT JOIN account
    ON account.account_id = staged.account_id AND account.reason IS NULL
), disposition AS (
  SELECT
    linked.disposition_id,
    CASE
      WHEN NOT linked.reason IS NULL
      THEN linked.reason
      WHEN linked.role = 'owner'
      AND ROW_NUMBER() OVER (
        PARTITION BY linked.account_id, linked.role, linked.reason
        ORDER BY linked.disposition_id ASC NULLS LAST
      ) > 1
      THEN 'second_owner'
    END AS reason
  FROM linked
), card AS (
  SELECT
    staged.card_id,
    CASE WHEN disposition.disposition_id IS NULL THEN 'without_disposition' END AS reason
  FROM staging.card AS staged
  LEFT JOIN disposition
    ON disposition.disposition_id = staged.disposition_id AND disposition.reason IS NULL
), loan AS (
  SELECT
    staged.loan_id,
    CASE
      WHEN account.account_id IS NULL
      THEN 'without_account'
      WHEN staged.granted_on < account.opened_on
      THEN 'loan_before_account'
      WHEN staged.amount IS NULL
      THEN 'amount_missing'
      WHEN staged.duration_months IS NULL OR staged.monthly_payment IS NULL
      THEN 'terms_missing'
      WHEN staged.currency IS NULL
      OR NOT UPPER(staged.currency) IN (CAST('CZK' AS STRING), CAST('EUR' AS STRING), CAST('USD' AS STRING))
      THEN 'currency_unknown'
    END AS reason
  FROM staging.loan AS staged
  LEFT JOIN account
    ON account.account_id = staged.account_id AND account.reason IS NULL
), standing_order AS (
  SELECT
    staged.order_id,
    CASE
      WHEN account.account_id IS NULL
      THEN 'without_account'
      WHEN staged.amount IS NULL
      THEN 'amount_missing'
      WHEN staged.currency IS NULL
      OR NOT UPPER(staged.currency) IN (CAST('CZK' AS STRING), CAST('EUR' AS STRING), CAST('USD' AS STRING))
      THEN 'currency_unknown'
    END AS reason
  FROM staging.`order` AS staged
  LEFT JOIN account
    ON account.account_id = staged.account_id AND account.reason IS NULL
), booked AS (
  SELECT
    staged.transaction_id,
    CASE
      WHEN account.account_id IS NULL
      THEN 'without_account'
      WHEN staged.booked_on < account.opened_on
      THEN 'transaction_before_account'
      WHEN staged.amount IS NULL
      THEN 'amount_missing'
      WHEN staged.balance IS NULL
      THEN 'balance_missing'
      WHEN staged.currency IS NULL
      OR NOT UPPER(staged.currency) IN (CAST('CZK' AS STRING), CAST('EUR' AS STRING), CAST('USD' AS STRING))
      THEN 'currency_unknown'
    END AS reason
  FROM staging.`transaction` AS staged
  LEFT JOIN account
    ON account.account_id = staged.account_id AND account.reason IS NULL
), judged AS (
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
  CAST(judged.source AS STRING) AS source,
  judged.row_key,
  CAST(judged.reason AS STRING) AS reason,
  CAST(CASE judged.reason
    WHEN 'birth_number_invalid'
    THEN 'birth_number'
    WHEN 'without_district'
    THEN 'district_id'
    WHEN 'without_client'
    THEN 'client_id'
    WHEN 'without_account'
    THEN 'account_id'
    WHEN 'without_disposition'
    THEN 'disposition_id'
    WHEN 'second_owner'
    THEN 'role'
    WHEN 'loan_before_account'
    THEN 'granted_on'
    WHEN 'transaction_before_account'
    THEN 'booked_on'
    WHEN 'amount_missing'
    THEN 'amount'
    WHEN 'balance_missing'
    THEN 'balance'
    WHEN 'terms_missing'
    THEN 'duration_months'
    WHEN 'currency_unknown'
    THEN 'currency'
  END AS STRING) AS column_name
FROM judged
WHERE
  NOT judged.reason IS NULL;
