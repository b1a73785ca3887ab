-- duckdb
WITH access AS (
  SELECT
    disposition.client_id,
    MIN(account.opened_on) AS customer_since,
    SUM(CASE disposition.role WHEN 'owner' THEN 1 ELSE 0 END) AS owned_accounts,
    SUM(CASE disposition.role WHEN 'owner' THEN 0 ELSE 1 END) AS used_accounts
  FROM silver.disposition AS disposition
  INNER JOIN silver.account AS account
    ON account.account_id = disposition.account_id
  GROUP BY
    disposition.client_id
), owned AS (
  SELECT
    owner.client_id,
    owner.account_id,
    account.currency,
    ROW_NUMBER() OVER (
      PARTITION BY owner.client_id
      ORDER BY account.opened_on ASC, account.account_id ASC
    ) AS place
  FROM silver.disposition AS owner
  INNER JOIN silver.account AS account
    ON account.account_id = owner.account_id
  WHERE
    owner.role = 'owner'
), latest AS (
  SELECT
    MAX(account_month.month) AS month
  FROM gold.account_month AS account_month
), recent AS (
  SELECT
    owned.client_id,
    account_month.currency,
    account_month.month,
    SUM(account_month.inflow) AS inflow,
    SUM(account_month.outflow) AS outflow,
    SUM(account_month.closing_balance) AS closing_balance,
    SUM(account_month.days_below_zero) AS days_below_zero
  FROM owned
  INNER JOIN gold.account_month AS account_month
    ON account_month.account_id = owned.account_id
  CROSS JOIN latest
  WHERE
    account_month.month > CAST(latest.month + INTERVAL (-CAST('12' AS BIGINT)) MONTH AS DATE)
  GROUP BY
    owned.client_id,
    account_month.currency,
    account_month.month
), money AS (
  SELECT
    recent.client_id,
    recent.currency,
    COUNT(*) AS months,
    SUM(recent.inflow) AS inflow,
    SUM(recent.outflow) AS outflow,
    SUM(CASE WHEN recent.month = latest.month THEN recent.closing_balance END) AS closing_balance
  FROM recent
  CROSS JOIN latest
  GROUP BY
    recent.client_id,
    recent.currency
), any_currency AS (
  SELECT
    recent.client_id,
    COUNT(DISTINCT recent.currency) AS currencies,
    SUM(recent.days_below_zero) AS days_below_zero
  FROM recent
  GROUP BY
    recent.client_id
), card AS (
  SELECT
    disposition.client_id,
    COUNT(*) AS cards
  FROM silver.card AS card
  INNER JOIN silver.disposition AS disposition
    ON disposition.disposition_id = card.disposition_id
  GROUP BY
    disposition.client_id
), loan AS (
  SELECT
    owned.client_id,
    COUNT(*) AS loans,
    MAX(CASE WHEN loan.is_default THEN 1 ELSE 0 END) AS defaults
  FROM owned
  INNER JOIN silver.loan AS loan
    ON loan.account_id = owned.account_id
  GROUP BY
    owned.client_id
), standing_order AS (
  SELECT
    owned.client_id,
    COUNT(*) AS standing_orders
  FROM owned
  INNER JOIN silver."order" AS standing_order
    ON standing_order.account_id = owned.account_id
  GROUP BY
    owned.client_id
)
SELECT
  client.client_id,
  client.sex,
  client.district_id,
  district.region,
  access.customer_since,
  CAST(access.owned_accounts AS BIGINT) AS owned_accounts,
  CAST(access.used_accounts AS BIGINT) AS used_accounts,
  COALESCE(any_currency.currencies, 0) AS currencies,
  oldest.currency,
  CAST(money.closing_balance AS DECIMAL(18, 2)) AS closing_balance,
  CAST(CAST(FLOOR(CAST(money.inflow * 100 AS DOUBLE) / CAST(money.months AS DOUBLE) + 0.5E0) AS DECIMAL(18, 0)) * CAST('0.01' AS DECIMAL(3, 2)) AS DECIMAL(18, 2)) AS mean_inflow,
  CAST(CAST(FLOOR(CAST(money.outflow * 100 AS DOUBLE) / CAST(money.months AS DOUBLE) + 0.5E0) AS DECIMAL(18, 0)) * CAST('0.01' AS DECIMAL(3, 2)) AS DECIMAL(18, 2)) AS mean_outflow,
  CAST(any_currency.days_below_zero AS BIGINT) AS days_below_zero,
  COALESCE(card.cards, 0) AS cards,
  COALESCE(loan.loans, 0) AS loans,
  COALESCE(loan.defaults, 0) = 1 AS has_default,
  COALESCE(standing_order.standing_orders, 0) AS standing_orders,
  recommendation.product AS next_product
FROM silver.client AS client
INNER JOIN access
  ON access.client_id = client.client_id
INNER JOIN silver.district AS district
  ON district.district_id = client.district_id
LEFT JOIN owned AS oldest
  ON oldest.client_id = client.client_id AND oldest.place = 1
LEFT JOIN money
  ON money.client_id = client.client_id AND money.currency = oldest.currency
LEFT JOIN any_currency
  ON any_currency.client_id = client.client_id
LEFT JOIN card
  ON card.client_id = client.client_id
LEFT JOIN loan
  ON loan.client_id = client.client_id
LEFT JOIN standing_order
  ON standing_order.client_id = client.client_id
LEFT JOIN gold.product_recommendation AS recommendation
  ON recommendation.client_id = client.client_id
  AND recommendation.recommendation_rank = 1;

-- trino, athena
WITH access AS (
  SELECT
    disposition.client_id,
    MIN(account.opened_on) AS customer_since,
    SUM(CASE disposition.role WHEN 'owner' THEN 1 ELSE 0 END) AS owned_accounts,
    SUM(CASE disposition.role WHEN 'owner' THEN 0 ELSE 1 END) AS used_accounts
  FROM silver.disposition AS disposition
  INNER JOIN silver.account AS account
    ON account.account_id = disposition.account_id
  GROUP BY
    disposition.client_id
), owned AS (
  SELECT
    owner.client_id,
    owner.account_id,
    account.currency,
    ROW_NUMBER() OVER (
      PARTITION BY owner.client_id
      ORDER BY account.opened_on ASC, account.account_id ASC
    ) AS place
  FROM silver.disposition AS owner
  INNER JOIN silver.account AS account
    ON account.account_id = owner.account_id
  WHERE
    owner.role = 'owner'
), latest AS (
  SELECT
    MAX(account_month.month) AS month
  FROM gold.account_month AS account_month
), recent AS (
  SELECT
    owned.client_id,
    account_month.currency,
    account_month.month,
    SUM(account_month.inflow) AS inflow,
    SUM(account_month.outflow) AS outflow,
    SUM(account_month.closing_balance) AS closing_balance,
    SUM(account_month.days_below_zero) AS days_below_zero
  FROM owned
  INNER JOIN gold.account_month AS account_month
    ON account_month.account_id = owned.account_id
  CROSS JOIN latest
  WHERE
    account_month.month > CAST(DATE_ADD('MONTH', -CAST('12' AS BIGINT), latest.month) AS DATE)
  GROUP BY
    owned.client_id,
    account_month.currency,
    account_month.month
), money AS (
  SELECT
    recent.client_id,
    recent.currency,
    COUNT(*) AS months,
    SUM(recent.inflow) AS inflow,
    SUM(recent.outflow) AS outflow,
    SUM(CASE WHEN recent.month = latest.month THEN recent.closing_balance END) AS closing_balance
  FROM recent
  CROSS JOIN latest
  GROUP BY
    recent.client_id,
    recent.currency
), any_currency AS (
  SELECT
    recent.client_id,
    COUNT(DISTINCT recent.currency) AS currencies,
    SUM(recent.days_below_zero) AS days_below_zero
  FROM recent
  GROUP BY
    recent.client_id
), card AS (
  SELECT
    disposition.client_id,
    COUNT(*) AS cards
  FROM silver.card AS card
  INNER JOIN silver.disposition AS disposition
    ON disposition.disposition_id = card.disposition_id
  GROUP BY
    disposition.client_id
), loan AS (
  SELECT
    owned.client_id,
    COUNT(*) AS loans,
    MAX(CASE WHEN loan.is_default THEN 1 ELSE 0 END) AS defaults
  FROM owned
  INNER JOIN silver.loan AS loan
    ON loan.account_id = owned.account_id
  GROUP BY
    owned.client_id
), standing_order AS (
  SELECT
    owned.client_id,
    COUNT(*) AS standing_orders
  FROM owned
  INNER JOIN silver."order" AS standing_order
    ON standing_order.account_id = owned.account_id
  GROUP BY
    owned.client_id
)
SELECT
  client.client_id,
  client.sex,
  client.district_id,
  district.region,
  access.customer_since,
  CAST(access.owned_accounts AS BIGINT) AS owned_accounts,
  CAST(access.used_accounts AS BIGINT) AS used_accounts,
  COALESCE(any_currency.currencies, 0) AS currencies,
  oldest.currency,
  CAST(money.closing_balance AS DECIMAL(18, 2)) AS closing_balance,
  CAST(CAST(FLOOR(CAST(money.inflow * 100 AS DOUBLE) / CAST(money.months AS DOUBLE) + 0.5E0) AS DECIMAL(18, 0)) * CAST('0.01' AS DECIMAL(3, 2)) AS DECIMAL(18, 2)) AS mean_inflow,
  CAST(CAST(FLOOR(CAST(money.outflow * 100 AS DOUBLE) / CAST(money.months AS DOUBLE) + 0.5E0) AS DECIMAL(18, 0)) * CAST('0.01' AS DECIMAL(3, 2)) AS DECIMAL(18, 2)) AS mean_outflow,
  CAST(any_currency.days_below_zero AS BIGINT) AS days_below_zero,
  COALESCE(card.cards, 0) AS cards,
  COALESCE(loan.loans, 0) AS loans,
  COALESCE(loan.defaults, 0) = 1 AS has_default,
  COALESCE(standing_order.standing_orders, 0) AS standing_orders,
  recommendation.product AS next_product
FROM silver.client AS client
INNER JOIN access
  ON access.client_id = client.client_id
INNER JOIN silver.district AS district
  ON district.district_id = client.district_id
LEFT JOIN owned AS oldest
  ON oldest.client_id = client.client_id AND oldest.place = 1
LEFT JOIN money
  ON money.client_id = client.client_id AND money.currency = oldest.currency
LEFT JOIN any_currency
  ON any_currency.client_id = client.client_id
LEFT JOIN card
  ON card.client_id = client.client_id
LEFT JOIN loan
  ON loan.client_id = client.client_id
LEFT JOIN standing_order
  ON standing_order.client_id = client.client_id
LEFT JOIN gold.product_recommendation AS recommendation
  ON recommendation.client_id = client.client_id
  AND recommendation.recommendation_rank = 1;

-- spark
WITH access AS (
  SELECT
    disposition.client_id,
    MIN(account.opened_on) AS customer_since,
    SUM(CASE disposition.role WHEN 'owner' THEN 1 ELSE 0 END) AS owned_accounts,
    SUM(CASE disposition.role WHEN 'owner' THEN 0 ELSE 1 END) AS used_accounts
  FROM silver.disposition AS disposition
  INNER JOIN silver.account AS account
    ON account.account_id = disposition.account_id
  GROUP BY
    disposition.client_id
), owned AS (
  SELECT
    owner.client_id,
    owner.account_id,
    account.currency,
    ROW_NUMBER() OVER (
      PARTITION BY owner.client_id
      ORDER BY account.opened_on ASC NULLS LAST, account.account_id ASC NULLS LAST
    ) AS place
  FROM silver.disposition AS owner
  INNER JOIN silver.account AS account
    ON account.account_id = owner.account_id
  WHERE
    owner.role = 'owner'
), latest AS (
  SELECT
    MAX(account_month.month) AS month
  FROM gold.account_month AS account_month
), recent AS (
  SELECT
    owned.client_id,
    account_month.currency,
    account_month.month,
    SUM(account_month.inflow) AS inflow,
    SUM(account_month.outflow) AS outflow,
    SUM(account_month.closing_balance) AS closing_balance,
    SUM(account_month.days_below_zero) AS days_below_zero
  FROM owned
  INNER JOIN gold.account_month AS account_month
    ON account_month.account_id = owned.account_id
  CROSS JOIN latest
  WHERE
    account_month.month > CAST(ADD_MONTHS(latest.month, CAST(-CAST('12' AS BIGINT) AS INT)) AS DATE)
  GROUP BY
    owned.client_id,
    account_month.currency,
    account_month.month
), money AS (
  SELECT
    recent.client_id,
    recent.currency,
    COUNT(*) AS months,
    SUM(recent.inflow) AS inflow,
    SUM(recent.outflow) AS outflow,
    SUM(CASE WHEN recent.month = latest.month THEN recent.closing_balance END) AS closing_balance
  FROM recent
  CROSS JOIN latest
  GROUP BY
    recent.client_id,
    recent.currency
), any_currency AS (
  SELECT
    recent.client_id,
    COUNT(DISTINCT recent.currency) AS currencies,
    SUM(recent.days_below_zero) AS days_below_zero
  FROM recent
  GROUP BY
    recent.client_id
), card AS (
  SELECT
    disposition.client_id,
    COUNT(*) AS cards
  FROM silver.card AS card
  INNER JOIN silver.disposition AS disposition
    ON disposition.disposition_id = card.disposition_id
  GROUP BY
    disposition.client_id
), loan AS (
  SELECT
    owned.client_id,
    COUNT(*) AS loans,
    MAX(CASE WHEN loan.is_default THEN 1 ELSE 0 END) AS defaults
  FROM owned
  INNER JOIN silver.loan AS loan
    ON loan.account_id = owned.account_id
  GROUP BY
    owned.client_id
), standing_order AS (
  SELECT
    owned.client_id,
    COUNT(*) AS standing_orders
  FROM owned
  INNER JOIN silver.`order` AS standing_order
    ON standing_order.account_id = owned.account_id
  GROUP BY
    owned.client_id
)
SELECT
  client.client_id,
  client.sex,
  client.district_id,
  district.region,
  access.customer_since,
  CAST(access.owned_accounts AS BIGINT) AS owned_accounts,
  CAST(access.used_accounts AS BIGINT) AS used_accounts,
  COALESCE(any_currency.currencies, 0) AS currencies,
  oldest.currency,
  CAST(money.closing_balance AS DECIMAL(18, 2)) AS closing_balance,
  CAST(CAST(FLOOR(CAST(money.inflow * 100 AS DOUBLE) / CAST(money.months AS DOUBLE) + 0.5E0) AS DECIMAL(18, 0)) * CAST('0.01' AS DECIMAL(3, 2)) AS DECIMAL(18, 2)) AS mean_inflow,
  CAST(CAST(FLOOR(CAST(money.outflow * 100 AS DOUBLE) / CAST(money.months AS DOUBLE) + 0.5E0) AS DECIMAL(18, 0)) * CAST('0.01' AS DECIMAL(3, 2)) AS DECIMAL(18, 2)) AS mean_outflow,
  CAST(any_currency.days_below_zero AS BIGINT) AS days_below_zero,
  COALESCE(card.cards, 0) AS cards,
  COALESCE(loan.loans, 0) AS loans,
  COALESCE(loan.defaults, 0) = 1 AS has_default,
  COALESCE(standing_order.standing_orders, 0) AS standing_orders,
  recommendation.product AS next_product
FROM silver.client AS client
INNER JOIN access
  ON access.client_id = client.client_id
INNER JOIN silver.district AS district
  ON district.district_id = client.district_id
LEFT JOIN owned AS oldest
  ON oldest.client_id = client.client_id AND oldest.place = 1
LEFT JOIN money
  ON money.client_id = client.client_id AND money.currency = oldest.currency
LEFT JOIN any_currency
  ON any_currency.client_id = client.client_id
LEFT JOIN card
  ON card.client_id = client.client_id
LEFT JOIN loan
  ON loan.client_id = client.client_id
LEFT JOIN standing_order
  ON standing_order.client_id = client.client_id
LEFT JOIN gold.product_recommendation AS recommendation
  ON recommendation.client_id = client.client_id
  AND recommendation.recommendation_rank = 1;
