-- duckdb
WITH contact AS (
  SELECT
    person.person_id,
    MIN(
      CASE
        WHEN NOT preferences.do_not_contact AND NOT preferences.email_opt_out
        THEN 1
        ELSE 0
      END
    ) AS email_is_open,
    MIN(
      CASE
        WHEN NOT preferences.do_not_contact AND preferences.sms_consent
        THEN 1
        ELSE 0
      END
    ) AS sms_is_open,
    MIN(
      CASE
        WHEN NOT preferences.do_not_contact AND NOT preferences.in_app_opt_out
        THEN 1
        ELSE 0
      END
    ) AS in_app_is_open
  FROM offers.person AS person
  LEFT JOIN staging.contact_preferences AS preferences
    ON preferences.customer_id = person.customer_id
  GROUP BY
    person.person_id
), reached AS (
  SELECT
    contact.person_id,
    TRIM(
      CASE
        WHEN CAST('True' AS BOOLEAN) AND contact.email_is_open = 1
        THEN 'email '
        ELSE ''
      END || CASE
        WHEN CAST('True' AS BOOLEAN) AND contact.in_app_is_open = 1
        THEN 'in-app '
        ELSE ''
      END || CASE WHEN CAST('True' AS BOOLEAN) AND contact.sms_is_open = 1 THEN 'sms' ELSE '' END
    ) AS open_channels
  FROM contact
), offer AS (
  SELECT
    history.customer_id,
    history.program_id,
    history.offered_on
  FROM staging.offer_history AS history
  UNION ALL
  SELECT
    own.customer_id,
    own.program_id,
    own.offered_on
  FROM staging.offer_log AS own
), offered AS (
  SELECT
    person.person_id,
    MAX(offer.offered_on) AS last_offered_on
  FROM offer
  INNER JOIN offers.person AS person
    ON person.customer_id = offer.customer_id
  WHERE
    NOT offer.program_id IN (CAST('' AS TEXT))
  GROUP BY
    person.person_id
), terms AS (
  SELECT
    price.credit_tier,
    price.tier_place,
    price.score_from,
    price.score_to
  FROM loan_offer_targeting.price_list AS price
  WHERE
    price.is_largest
)
SELECT
  profile.customer_id,
  person.person_id,
  profile.credit_score,
  profile.income,
  profile.debt_to_income_ratio,
  profile.account_age,
  profile.deposit_balance,
  profile.existing_loans,
  profile.payment_history,
  UPPER(profile.state) AS state,
  profile.identity_verified,
  LOWER(profile.account_status) AS account_status,
  profile.employment_status,
  profile.income_variation,
  profile.savings_rate,
  profile.transactions_90d,
  profile.overdrafts_12m,
  profile.covered_borrower,
  reached.open_channels,
  reached.open_channels <> '' AS is_reachable,
  offered.last_offered_on,
  segment.credit_tier AS segment_tier,
  segment.tier_place AS segment_place,
  affordable.amount AS segment_amount,
  price.apr_pct AS segment_apr_pct,
  state.is_licensed AS state_is_licensed,
  state.max_apr_pct AS state_max_apr_pct
FROM staging.customer_credit_profiles AS profile
INNER JOIN offers.person AS person
  ON person.customer_id = profile.customer_id
INNER JOIN reached
  ON reached.person_id = person.person_id
LEFT JOIN offered
  ON offered.person_id = person.person_id
LEFT JOIN terms AS segment
  ON profile.credit_score BETWEEN segment.score_from AND segment.score_to
LEFT JOIN loan_offer_targeting.affordable AS affordable
  ON affordable.customer_id = profile.customer_id
  AND affordable.credit_tier = segment.credit_tier
LEFT JOIN loan_offer_targeting.price_list AS price
  ON price.credit_tier = segment.credit_tier
  AND price.amount = affordable.amount
  AND price.amount >= CAST('1000' AS DECIMAL(18, 2))
LEFT JOIN loan_offer_targeting.state_rule AS state
  ON state.state = UPPER(profile.state);

-- trino, athena
WITH contact AS (
  SELECT
    person.person_id,
    MIN(
      CASE
        WHEN NOT preferences.do_not_contact AND NOT preferences.email_opt_out
        THEN 1
        ELSE 0
      END
    ) AS email_is_open,
    MIN(
      CASE
        WHEN NOT preferences.do_not_contact AND preferences.sms_consent
        THEN 1
        ELSE 0
      END
    ) AS sms_is_open,
    MIN(
      CASE
        WHEN NOT preferences.do_not_contact AND NOT preferences.in_app_opt_out
        THEN 1
        ELSE 0
      END
    ) AS in_app_is_open
  FROM offers.person AS person
  LEFT JOIN staging.contact_preferences AS preferences
    ON preferences.customer_id = person.customer_id
  GROUP BY
    person.person_id
), reached AS (
  SELECT
    contact.person_id,
    TRIM(
      CONCAT(
        CASE
          WHEN CAST('True' AS BOOLEAN) AND contact.email_is_open = 1
          THEN 'email '
          ELSE ''
        END,
        CASE
          WHEN CAST('True' AS BOOLEAN) AND contact.in_app_is_open = 1
          THEN 'in-app '
          ELSE ''
        END,
        CASE WHEN CAST('True' AS BOOLEAN) AND contact.sms_is_open = 1 THEN 'sms' ELSE '' END
      )
    ) AS open_channels
  FROM contact
), offer AS (
  SELECT
    history.customer_id,
    history.program_id,
    history.offered_on
  FROM staging.offer_history AS history
  UNION ALL
  SELECT
    own.customer_id,
    own.program_id,
    own.offered_on
  FROM staging.offer_log AS own
), offered AS (
  SELECT
    person.person_id,
    MAX(offer.offered_on) AS last_offered_on
  FROM offer
  INNER JOIN offers.person AS person
    ON person.customer_id = offer.customer_id
  WHERE
    NOT offer.program_id IN (CAST('' AS VARCHAR))
  GROUP BY
    person.person_id
), terms AS (
  SELECT
    price.credit_tier,
    price.tier_place,
    price.score_from,
    price.score_to
  FROM loan_offer_targeting.price_list AS price
  WHERE
    price.is_largest
)
SELECT
  profile.customer_id,
  person.person_id,
  profile.credit_score,
  profile.income,
  profile.debt_to_income_ratio,
  profile.account_age,
  profile.deposit_balance,
  profile.existing_loans,
  profile.payment_history,
  UPPER(profile.state) AS state,
  profile.identity_verified,
  LOWER(profile.account_status) AS account_status,
  profile.employment_status,
  profile.income_variation,
  profile.savings_rate,
  profile.transactions_90d,
  profile.overdrafts_12m,
  profile.covered_borrower,
  reached.open_channels,
  reached.open_channels <> '' AS is_reachable,
  offered.last_offered_on,
  segment.credit_tier AS segment_tier,
  segment.tier_place AS segment_place,
  affordable.amount AS segment_amount,
  price.apr_pct AS segment_apr_pct,
  state.is_licensed AS state_is_licensed,
  state.max_apr_pct AS state_max_apr_pct
FROM staging.customer_credit_profiles AS profile
INNER JOIN offers.person AS person
  ON person.customer_id = profile.customer_id
INNER JOIN reached
  ON reached.person_id = person.person_id
LEFT JOIN offered
  ON offered.person_id = person.person_id
LEFT JOIN terms AS segment
  ON profile.credit_score BETWEEN segment.score_from AND segment.score_to
LEFT JOIN loan_offer_targeting.affordable AS affordable
  ON affordable.customer_id = profile.customer_id
  AND affordable.credit_tier = segment.credit_tier
LEFT JOIN loan_offer_targeting.price_list AS price
  ON price.credit_tier = segment.credit_tier
  AND price.amount = affordable.amount
  AND price.amount >= CAST('1000' AS DECIMAL(18, 2))
LEFT JOIN loan_offer_targeting.state_rule AS state
  ON state.state = UPPER(profile.state);

-- spark
WITH contact AS (
  SELECT
    person.person_id,
    MIN(
      CASE
        WHEN NOT preferences.do_not_contact AND NOT preferences.email_opt_out
        THEN 1
        ELSE 0
      END
    ) AS email_is_open,
    MIN(
      CASE
        WHEN NOT preferences.do_not_contact AND preferences.sms_consent
        THEN 1
        ELSE 0
      END
    ) AS sms_is_open,
    MIN(
      CASE
        WHEN NOT preferences.do_not_contact AND NOT preferences.in_app_opt_out
        THEN 1
        ELSE 0
      END
    ) AS in_app_is_open
  FROM offers.person AS person
  LEFT JOIN staging.contact_preferences AS preferences
    ON preferences.customer_id = person.customer_id
  GROUP BY
    person.person_id
), reached AS (
  SELECT
    contact.person_id,
    TRIM(
      CONCAT(
        CASE
          WHEN CAST('True' AS BOOLEAN) AND contact.email_is_open = 1
          THEN 'email '
          ELSE ''
        END,
        CASE
          WHEN CAST('True' AS BOOLEAN) AND contact.in_app_is_open = 1
          THEN 'in-app '
          ELSE ''
        END,
        CASE WHEN CAST('True' AS BOOLEAN) AND contact.sms_is_open = 1 THEN 'sms' ELSE '' END
      )
    ) AS open_channels
  FROM contact
), offer AS (
  SELECT
    history.customer_id,
    history.program_id,
    history.offered_on
  FROM staging.offer_history AS history
  UNION ALL
  SELECT
    own.customer_id,
    own.program_id,
    own.offered_on
  FROM staging.offer_log AS own
), offered AS (
  SELECT
    person.person_id,
    MAX(offer.offered_on) AS last_offered_on
  FROM offer
  INNER JOIN offers.person AS person
    ON person.customer_id = offer.customer_id
  WHERE
    NOT offer.program_id IN (CAST('' AS STRING))
  GROUP BY
    person.person_id
), terms AS (
  SELECT
    price.credit_tier,
    price.tier_place,
    price.score_from,
    price.score_to
  FROM loan_offer_targeting.price_list AS price
  WHERE
    price.is_largest
)
SELECT
  profile.customer_id,
  person.person_id,
  profile.credit_score,
  profile.income,
  profile.debt_to_income_ratio,
  profile.account_age,
  profile.deposit_balance,
  profile.existing_loans,
  profile.payment_history,
  UPPER(profile.state) AS state,
  profile.identity_verified,
  LOWER(profile.account_status) AS account_status,
  profile.employment_status,
  profile.income_variation,
  profile.savings_rate,
  profile.transactions_90d,
  profile.overdrafts_12m,
  profile.covered_borrower,
  reached.open_channels,
  reached.open_channels <> '' AS is_reachable,
  offered.last_offered_on,
  segment.credit_tier AS segment_tier,
  segment.tier_place AS segment_place,
  affordable.amount AS segment_amount,
  price.apr_pct AS segment_apr_pct,
  state.is_licensed AS state_is_licensed,
  state.max_apr_pct AS state_max_apr_pct
FROM staging.customer_credit_profiles AS profile
INNER JOIN offers.person AS person
  ON person.customer_id = profile.customer_id
INNER JOIN reached
  ON reached.person_id = person.person_id
LEFT JOIN offered
  ON offered.person_id = person.person_id
LEFT JOIN terms AS segment
  ON profile.credit_score BETWEEN segment.score_from AND segment.score_to
LEFT JOIN loan_offer_targeting.affordable AS affordable
  ON affordable.customer_id = profile.customer_id
  AND affordable.credit_tier = segment.credit_tier
LEFT JOIN loan_offer_targeting.price_list AS price
  ON price.credit_tier = segment.credit_tier
  AND price.amount = affordable.amount
  AND price.amount >= CAST('1000' AS DECIMAL(18, 2))
LEFT JOIN loan_offer_targeting.state_rule AS state
  ON state.state = UPPER(profile.state);
