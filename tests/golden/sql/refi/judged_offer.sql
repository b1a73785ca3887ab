-- duckdb
WITH joint_home AS (
  SELECT
    loan.loan_id,
    NULLIF(
      ARG_MIN(
        COALESCE(borrower.property_id, ''),
        CASE WHEN loan.borrower_role = 'primary' THEN '0' ELSE '1' END || loan.borrower_id
      ),
      ''
    ) AS property_id
  FROM staging.borrower_information AS borrower
  INNER JOIN staging.loan_information AS loan
    ON loan.borrower_id = borrower.borrower_id
  WHERE
    loan.property_id IS NULL AND NOT loan.loan_id IS NULL
  GROUP BY
    loan.loan_id
  HAVING
    COUNT(*) > 1
), secured_loan AS (
  SELECT
    loan.loan_id,
    loan.borrower_id,
    loan.property_id,
    loan.borrower_role,
    loan.current_interest_rate,
    loan.loan_amount,
    loan.remaining_balance,
    loan.origination_year,
    loan.loan_type,
    loan.remaining_term_months,
    loan.remaining_balance_state,
    loan.loan_type_state,
    loan.loan_status_state,
    loan.lien_position,
    loan.lien_position_state,
    loan.late_payments_12m
  FROM staging.loan_information AS loan
  UNION ALL
  SELECT
    loan.loan_id,
    loan.borrower_id,
    CASE
      WHEN NOT joint_home.loan_id IS NULL
      THEN joint_home.property_id
      ELSE borrower.property_id
    END AS property_id,
    loan.borrower_role,
    loan.current_interest_rate,
    loan.loan_amount,
    loan.remaining_balance,
    loan.origination_year,
    loan.loan_type,
    loan.remaining_term_months,
    loan.remaining_balance_state,
    loan.loan_type_state,
    loan.loan_status_state,
    loan.lien_position,
    loan.lien_position_state,
    loan.late_payments_12m
  FROM staging.loan_information AS loan
  INNER JOIN staging.borrower_information AS borrower
    ON borrower.borrower_id = loan.borrower_id
  LEFT JOIN joint_home
    ON joint_home.loan_id = loan.loan_id
  WHERE
    loan.property_id IS NULL
), home_with_choice AS (
  SELECT DISTINCT
    market.property_id
  FROM staging.market_equity AS market
  WHERE
    NOT market.product IS NULL
    OR NOT market.term_months IS NULL
    OR market.offered_by <> 'own'
), offer AS (
  SELECT
    borrower.borrower_id,
    loan.loan_id,
    market.property_id,
    market.product,
    market.term_months,
    market.offered_by,
    loan.borrower_role,
    loan.current_interest_rate,
    market.market_rate_offer,
    loan.current_interest_rate - market.market_rate_offer AS rate_spread,
    market.ltv_ratio,
    market.monthly_savings_est,
    market.current_home_value,
    market.estimated_equity_amt,
    loan.loan_amount,
    loan.remaining_balance,
    loan.origination_year,
    loan.loan_type,
    loan.remaining_term_months,
    'paid_off' IN (loan.remaining_balance_state, loan.loan_type_state, loan.loan_status_state) AS is_paid_off,
    loan.lien_position,
    loan.lien_position_state,
    borrower.credit_score,
    loan.late_payments_12m,
    COALESCE(LOWER(market.offered_by) = 'own', FALSE) AS is_own,
    NOT home_with_choice.property_id IS NULL AS has_choice
  FROM secured_loan AS loan
  INNER JOIN staging.borrower_information AS borrower
    ON borrower.borrower_id = loan.borrower_id
  INNER JOIN staging.market_equity AS market
    ON market.property_id = loan.property_id
  LEFT JOIN home_with_choice
    ON home_with_choice.property_id = loan.property_id
), judged AS (
  SELECT
    offer.borrower_id,
    offer.loan_id,
    offer.property_id,
    offer.product,
    offer.term_months,
    offer.offered_by,
    offer.borrower_role,
    offer.current_interest_rate,
    offer.market_rate_offer,
    offer.rate_spread,
    offer.ltv_ratio,
    offer.monthly_savings_est,
    offer.current_home_value,
    offer.estimated_equity_amt,
    offer.loan_amount,
    offer.remaining_balance,
    offer.origination_year,
    offer.loan_type,
    offer.remaining_term_months,
    offer.lien_position,
    offer.credit_score,
    offer.late_payments_12m,
    CASE
      WHEN offer.rate_spread > CAST('1.25' AS DECIMAL(12, 6))
      THEN 'Immediate Action'
      WHEN offer.rate_spread > CAST('0.75' AS DECIMAL(12, 6))
      THEN 'Hot Lead'
      WHEN offer.rate_spread > CAST('0.50' AS DECIMAL(12, 6))
      THEN 'Watchlist'
      ELSE 'Ineligible'
    END AS marketing_category,
    LIST_FILTER(
      [
        CASE WHEN offer.ltv_ratio > CAST('80' AS DECIMAL(12, 6)) THEN 'ltv_above_max' END,
        CASE
          WHEN offer.rate_spread < CAST('1.0' AS DECIMAL(12, 6))
          THEN 'spread_below_min'
        END,
        CASE WHEN offer.ltv_ratio IS NULL THEN 'ltv_missing' END,
        CASE WHEN offer.current_interest_rate IS NULL THEN 'current_rate_missing' END,
        CASE WHEN offer.market_rate_offer IS NULL THEN 'market_rate_missing' END,
        CASE
          WHEN offer.monthly_savings_est < CAST('0' AS DECIMAL(18, 2))
          THEN 'savings_below_min'
        END,
        CASE WHEN offer.is_paid_off THEN 'loan_paid_off' END,
        CASE
          WHEN offer.lien_position <> 1 OR offer.lien_position_state = 'junior'
          THEN 'not_first_lien'
        END,
        CASE
          WHEN offer.credit_score < CAST(NULL AS BIGINT)
          THEN 'credit_score_below_min'
        END,
        CASE
          WHEN offer.credit_score IS NULL AND NOT CAST(NULL AS BIGINT) IS NULL
          THEN 'credit_score_missing'
        END,
        CASE
          WHEN offer.late_payments_12m > CAST(NULL AS BIGINT)
          THEN 'late_payments_above_max'
        END,
        CASE
          WHEN offer.late_payments_12m IS NULL AND NOT CAST(NULL AS BIGINT) IS NULL
          THEN 'late_payments_missing'
        END
      ],
      LAMBDA reason : NOT reason IS NULL
    ) AS ineligibility_reasons,
    offer.is_own,
    offer.has_choice
  FROM offer
)
SELECT
  judged.borrower_id,
  judged.loan_id,
  judged.property_id,
  judged.product,
  judged.term_months,
  judged.offered_by,
  judged.borrower_role,
  judged.current_interest_rate,
  judged.market_rate_offer,
  judged.rate_spread,
  judged.ltv_ratio,
  judged.monthly_savings_est,
  judged.current_home_value,
  judged.estimated_equity_amt,
  judged.loan_amount,
  judged.remaining_balance,
  judged.origination_year,
  judged.loan_type,
  judged.remaining_term_months,
  judged.lien_position,
  judged.credit_score,
  judged.late_payments_12m,
  judged.marketing_category,
  ARRAY_LENGTH(judged.ineligibility_reasons) = 0 AS is_eligible,
  judged.ineligibility_reasons,
  judged.is_own,
  judged.is_own
  AND ROW_NUMBER() OVER (
    PARTITION BY judged.borrower_id, judged.loan_id, judged.is_own
    ORDER BY ARRAY_LENGTH(judged.ineligibility_reasons) = 0 DESC, judged.monthly_savings_est DESC, judged.market_rate_offer ASC, judged.term_months DESC, judged.product ASC, judged.offered_by ASC
  ) = 1 AS is_taken
FROM judged
WHERE
  judged.has_choice
UNION ALL
SELECT
  judged.borrower_id,
  judged.loan_id,
  judged.property_id,
  judged.product,
  judged.term_months,
  judged.offered_by,
  judged.borrower_role,
  judged.current_interest_rate,
  judged.market_rate_offer,
  judged.rate_spread,
  judged.ltv_ratio,
  judged.monthly_savings_est,
  judged.current_home_value,
  judged.estimated_equity_amt,
  judged.loan_amount,
  judged.remaining_balance,
  judged.origination_year,
  judged.loan_type,
  judged.remaining_term_months,
  judged.lien_position,
  judged.credit_score,
  judged.late_payments_12m,
  judged.marketing_category,
  ARRAY_LENGTH(judged.ineligibility_reasons) = 0 AS is_eligible,
  judged.ineligibility_reasons,
  judged.is_own,
  judged.is_own AS is_taken
FROM judged
WHERE
  NOT judged.has_choice;

-- trino, athena
WITH joint_home AS (
  SELECT
    loan.loan_id,
    NULLIF(
      MIN_BY(
        COALESCE(borrower.property_id, ''),
        CASE WHEN loan.borrower_role = 'primary' THEN '0' ELSE '1' END || loan.borrower_id
      ),
      ''
    ) AS property_id
  FROM staging.borrower_information AS borrower
  INNER JOIN staging.loan_information AS loan
    ON loan.borrower_id = borrower.borrower_id
  WHERE
    loan.property_id IS NULL AND NOT loan.loan_id IS NULL
  GROUP BY
    loan.loan_id
  HAVING
    COUNT(*) > 1
), secured_loan AS (
  SELECT
    loan.loan_id,
    loan.borrower_id,
    loan.property_id,
    loan.borrower_role,
    loan.current_interest_rate,
    loan.loan_amount,
    loan.remaining_balance,
    loan.origination_year,
    loan.loan_type,
    loan.remaining_term_months,
    loan.remaining_balance_state,
    loan.loan_type_state,
    loan.loan_status_state,
    loan.lien_position,
    loan.lien_position_state,
    loan.late_payments_12m
  FROM staging.loan_information AS loan
  UNION ALL
  SELECT
    loan.loan_id,
    loan.borrower_id,
    CASE
      WHEN NOT joint_home.loan_id IS NULL
      THEN joint_home.property_id
      ELSE borrower.property_id
    END AS property_id,
    loan.borrower_role,
    loan.current_interest_rate,
    loan.loan_amount,
    loan.remaining_balance,
    loan.origination_year,
    loan.loan_type,
    loan.remaining_term_months,
    loan.remaining_balance_state,
    loan.loan_type_state,
    loan.loan_status_state,
    loan.lien_position,
    loan.lien_position_state,
    loan.late_payments_12m
  FROM staging.loan_information AS loan
  INNER JOIN staging.borrower_information AS borrower
    ON borrower.borrower_id = loan.borrower_id
  LEFT JOIN joint_home
    ON joint_home.loan_id = loan.loan_id
  WHERE
    loan.property_id IS NULL
), home_with_choice AS (
  SELECT DISTINCT
    market.property_id
  FROM staging.market_equity AS market
  WHERE
    NOT market.product IS NULL
    OR NOT market.term_months IS NULL
    OR market.offered_by <> 'own'
), offer AS (
  SELECT
    borrower.borrower_id,
    loan.loan_id,
    market.property_id,
    market.product,
    market.term_months,
    market.offered_by,
    loan.borrower_role,
    loan.current_interest_rate,
    market.market_rate_offer,
    loan.current_interest_rate - market.market_rate_offer AS rate_spread,
    market.ltv_ratio,
    market.monthly_savings_est,
    market.current_home_value,
    market.estimated_equity_amt,
    loan.loan_amount,
    loan.remaining_balance,
    loan.origination_year,
    loan.loan_type,
    loan.remaining_term_months,
    'paid_off' IN (loan.remaining_balance_state, loan.loan_type_state, loan.loan_status_state) AS is_paid_off,
    loan.lien_position,
    loan.lien_position_state,
    borrower.credit_score,
    loan.late_payments_12m,
    COALESCE(LOWER(market.offered_by) = 'own', FALSE) AS is_own,
    NOT home_with_choice.property_id IS NULL AS has_choice
  FROM secured_loan AS loan
  INNER JOIN staging.borrower_information AS borrower
    ON borrower.borrower_id = loan.borrower_id
  INNER JOIN staging.market_equity AS market
    ON market.property_id = loan.property_id
  LEFT JOIN home_with_choice
    ON home_with_choice.property_id = loan.property_id
), judged AS (
  SELECT
    offer.borrower_id,
    offer.loan_id,
    offer.property_id,
    offer.product,
    offer.term_months,
    offer.offered_by,
    offer.borrower_role,
    offer.current_interest_rate,
    offer.market_rate_offer,
    offer.rate_spread,
    offer.ltv_ratio,
    offer.monthly_savings_est,
    offer.current_home_value,
    offer.estimated_equity_amt,
    offer.loan_amount,
    offer.remaining_balance,
    offer.origination_year,
    offer.loan_type,
    offer.remaining_term_months,
    offer.lien_position,
    offer.credit_score,
    offer.late_payments_12m,
    CASE
      WHEN offer.rate_spread > CAST('1.25' AS DECIMAL(12, 6))
      THEN 'Immediate Action'
      WHEN offer.rate_spread > CAST('0.75' AS DECIMAL(12, 6))
      THEN 'Hot Lead'
      WHEN offer.rate_spread > CAST('0.50' AS DECIMAL(12, 6))
      THEN 'Watchlist'
      ELSE 'Ineligible'
    END AS marketing_category,
    FILTER(
      ARRAY[CASE WHEN offer.ltv_ratio > CAST('80' AS DECIMAL(12, 6)) THEN 'ltv_above_max' END, CASE
        WHEN offer.rate_spread < CAST('1.0' AS DECIMAL(12, 6))
        THEN 'spread_below_min'
      END, CASE WHEN offer.ltv_ratio IS NULL THEN 'ltv_missing' END, CASE WHEN offer.current_interest_rate IS NULL THEN 'current_rate_missing' END, CASE WHEN offer.market_rate_offer IS NULL THEN 'market_rate_missing' END, CASE
        WHEN offer.monthly_savings_est < CAST('0' AS DECIMAL(18, 2))
        THEN 'savings_below_min'
      END, CASE WHEN offer.is_paid_off THEN 'loan_paid_off' END, CASE
        WHEN offer.lien_position <> 1 OR offer.lien_position_state = 'junior'
        THEN 'not_first_lien'
      END, CASE
        WHEN offer.credit_score < CAST(NULL AS BIGINT)
        THEN 'credit_score_below_min'
      END, CASE
        WHEN offer.credit_score IS NULL AND NOT CAST(NULL AS BIGINT) IS NULL
        THEN 'credit_score_missing'
      END, CASE
        WHEN offer.late_payments_12m > CAST(NULL AS BIGINT)
        THEN 'late_payments_above_max'
      END, CASE
        WHEN offer.late_payments_12m IS NULL AND NOT CAST(NULL AS BIGINT) IS NULL
        THEN 'late_payments_missing'
      END],
      reason -> NOT reason IS NULL
    ) AS ineligibility_reasons,
    offer.is_own,
    offer.has_choice
  FROM offer
)
SELECT
  judged.borrower_id,
  judged.loan_id,
  judged.property_id,
  judged.product,
  judged.term_months,
  judged.offered_by,
  judged.borrower_role,
  judged.current_interest_rate,
  judged.market_rate_offer,
  judged.rate_spread,
  judged.ltv_ratio,
  judged.monthly_savings_est,
  judged.current_home_value,
  judged.estimated_equity_amt,
  judged.loan_amount,
  judged.remaining_balance,
  judged.origination_year,
  judged.loan_type,
  judged.remaining_term_months,
  judged.lien_position,
  judged.credit_score,
  judged.late_payments_12m,
  judged.marketing_category,
  CARDINALITY(judged.ineligibility_reasons) = 0 AS is_eligible,
  judged.ineligibility_reasons,
  judged.is_own,
  judged.is_own
  AND ROW_NUMBER() OVER (
    PARTITION BY judged.borrower_id, judged.loan_id, judged.is_own
    ORDER BY CARDINALITY(judged.ineligibility_reasons) = 0 DESC, judged.monthly_savings_est DESC, judged.market_rate_offer ASC, judged.term_months DESC, judged.product ASC, judged.offered_by ASC
  ) = 1 AS is_taken
FROM judged
WHERE
  judged.has_choice
UNION ALL
SELECT
  judged.borrower_id,
  judged.loan_id,
  judged.property_id,
  judged.product,
  judged.term_months,
  judged.offered_by,
  judged.borrower_role,
  judged.current_interest_rate,
  judged.market_rate_offer,
  judged.rate_spread,
  judged.ltv_ratio,
  judged.monthly_savings_est,
  judged.current_home_value,
  judged.estimated_equity_amt,
  judged.loan_amount,
  judged.remaining_balance,
  judged.origination_year,
  judged.loan_type,
  judged.remaining_term_months,
  judged.lien_position,
  judged.credit_score,
  judged.late_payments_12m,
  judged.marketing_category,
  CARDINALITY(judged.ineligibility_reasons) = 0 AS is_eligible,
  judged.ineligibility_reasons,
  judged.is_own,
  judged.is_own AS is_taken
FROM judged
WHERE
  NOT judged.has_choice;

-- spark
WITH joint_home AS (
  SELECT
    loan.loan_id,
    NULLIF(
      MIN_BY(
        COALESCE(borrower.property_id, ''),
        CASE WHEN loan.borrower_role = 'primary' THEN '0' ELSE '1' END || loan.borrower_id
      ),
      ''
    ) AS property_id
  FROM staging.borrower_information AS borrower
  INNER JOIN staging.loan_information AS loan
    ON loan.borrower_id = borrower.borrower_id
  WHERE
    loan.property_id IS NULL AND NOT loan.loan_id IS NULL
  GROUP BY
    loan.loan_id
  HAVING
    COUNT(*) > 1
), secured_loan AS (
  SELECT
    loan.loan_id,
    loan.borrower_id,
    loan.property_id,
    loan.borrower_role,
    loan.current_interest_rate,
    loan.loan_amount,
    loan.remaining_balance,
    loan.origination_year,
    loan.loan_type,
    loan.remaining_term_months,
    loan.remaining_balance_state,
    loan.loan_type_state,
    loan.loan_status_state,
    loan.lien_position,
    loan.lien_position_state,
    loan.late_payments_12m
  FROM staging.loan_information AS loan
  UNION ALL
  SELECT
    loan.loan_id,
    loan.borrower_id,
    CASE
      WHEN NOT joint_home.loan_id IS NULL
      THEN joint_home.property_id
      ELSE borrower.property_id
    END AS property_id,
    loan.borrower_role,
    loan.current_interest_rate,
    loan.loan_amount,
    loan.remaining_balance,
    loan.origination_year,
    loan.loan_type,
    loan.remaining_term_months,
    loan.remaining_balance_state,
    loan.loan_type_state,
    loan.loan_status_state,
    loan.lien_position,
    loan.lien_position_state,
    loan.late_payments_12m
  FROM staging.loan_information AS loan
  INNER JOIN staging.borrower_information AS borrower
    ON borrower.borrower_id = loan.borrower_id
  LEFT JOIN joint_home
    ON joint_home.loan_id = loan.loan_id
  WHERE
    loan.property_id IS NULL
), home_with_choice AS (
  SELECT DISTINCT
    market.property_id
  FROM staging.market_equity AS market
  WHERE
    NOT market.product IS NULL
    OR NOT market.term_months IS NULL
    OR market.offered_by <> 'own'
), offer AS (
  SELECT
    borrower.borrower_id,
    loan.loan_id,
    market.property_id,
    market.product,
    market.term_months,
    market.offered_by,
    loan.borrower_role,
    loan.current_interest_rate,
    market.market_rate_offer,
    loan.current_interest_rate - market.market_rate_offer AS rate_spread,
    market.ltv_ratio,
    market.monthly_savings_est,
    market.current_home_value,
    market.estimated_equity_amt,
    loan.loan_amount,
    loan.remaining_balance,
    loan.origination_year,
    loan.loan_type,
    loan.remaining_term_months,
    'paid_off' IN (loan.remaining_balance_state, loan.loan_type_state, loan.loan_status_state) AS is_paid_off,
    loan.lien_position,
    loan.lien_position_state,
    borrower.credit_score,
    loan.late_payments_12m,
    COALESCE(LOWER(market.offered_by) = 'own', FALSE) AS is_own,
    NOT home_with_choice.property_id IS NULL AS has_choice
  FROM secured_loan AS loan
  INNER JOIN staging.borrower_information AS borrower
    ON borrower.borrower_id = loan.borrower_id
  INNER JOIN staging.market_equity AS market
    ON market.property_id = loan.property_id
  LEFT JOIN home_with_choice
    ON home_with_choice.property_id = loan.property_id
), judged AS (
  SELECT
    offer.borrower_id,
    offer.loan_id,
    offer.property_id,
    offer.product,
    offer.term_months,
    offer.offered_by,
    offer.borrower_role,
    offer.current_interest_rate,
    offer.market_rate_offer,
    offer.rate_spread,
    offer.ltv_ratio,
    offer.monthly_savings_est,
    offer.current_home_value,
    offer.estimated_equity_amt,
    offer.loan_amount,
    offer.remaining_balance,
    offer.origination_year,
    offer.loan_type,
    offer.remaining_term_months,
    offer.lien_position,
    offer.credit_score,
    offer.late_payments_12m,
    CASE
      WHEN offer.rate_spread > CAST('1.25' AS DECIMAL(12, 6))
      THEN 'Immediate Action'
      WHEN offer.rate_spread > CAST('0.75' AS DECIMAL(12, 6))
      THEN 'Hot Lead'
      WHEN offer.rate_spread > CAST('0.50' AS DECIMAL(12, 6))
      THEN 'Watchlist'
      ELSE 'Ineligible'
    END AS marketing_category,
    FILTER(
      ARRAY(
        CASE WHEN offer.ltv_ratio > CAST('80' AS DECIMAL(12, 6)) THEN 'ltv_above_max' END,
        CASE
          WHEN offer.rate_spread < CAST('1.0' AS DECIMAL(12, 6))
          THEN 'spread_below_min'
        END,
        CASE WHEN offer.ltv_ratio IS NULL THEN 'ltv_missing' END,
        CASE WHEN offer.current_interest_rate IS NULL THEN 'current_rate_missing' END,
        CASE WHEN offer.market_rate_offer IS NULL THEN 'market_rate_missing' END,
        CASE
          WHEN offer.monthly_savings_est < CAST('0' AS DECIMAL(18, 2))
          THEN 'savings_below_min'
        END,
        CASE WHEN offer.is_paid_off THEN 'loan_paid_off' END,
        CASE
          WHEN offer.lien_position <> 1 OR offer.lien_position_state = 'junior'
          THEN 'not_first_lien'
        END,
        CASE
          WHEN offer.credit_score < CAST(NULL AS BIGINT)
          THEN 'credit_score_below_min'
        END,
        CASE
          WHEN offer.credit_score IS NULL AND NOT CAST(NULL AS BIGINT) IS NULL
          THEN 'credit_score_missing'
        END,
        CASE
          WHEN offer.late_payments_12m > CAST(NULL AS BIGINT)
          THEN 'late_payments_above_max'
        END,
        CASE
          WHEN offer.late_payments_12m IS NULL AND NOT CAST(NULL AS BIGINT) IS NULL
          THEN 'late_payments_missing'
        END
      ),
      reason -> NOT reason IS NULL
    ) AS ineligibility_reasons,
    offer.is_own,
    offer.has_choice
  FROM offer
)
SELECT
  judged.borrower_id,
  judged.loan_id,
  judged.property_id,
  judged.product,
  judged.term_months,
  judged.offered_by,
  judged.borrower_role,
  judged.current_interest_rate,
  judged.market_rate_offer,
  judged.rate_spread,
  judged.ltv_ratio,
  judged.monthly_savings_est,
  judged.current_home_value,
  judged.estimated_equity_amt,
  judged.loan_amount,
  judged.remaining_balance,
  judged.origination_year,
  judged.loan_type,
  judged.remaining_term_months,
  judged.lien_position,
  judged.credit_score,
  judged.late_payments_12m,
  judged.marketing_category,
  SIZE(judged.ineligibility_reasons) = 0 AS is_eligible,
  judged.ineligibility_reasons,
  judged.is_own,
  judged.is_own
  AND ROW_NUMBER() OVER (
    PARTITION BY judged.borrower_id, judged.loan_id, judged.is_own
    ORDER BY SIZE(judged.ineligibility_reasons) = 0 DESC, judged.monthly_savings_est DESC, judged.market_rate_offer ASC NULLS LAST, judged.term_months DESC, judged.product ASC NULLS LAST, judged.offered_by ASC NULLS LAST
  ) = 1 AS is_taken
FROM judged
WHERE
  judged.has_choice
UNION ALL
SELECT
  judged.borrower_id,
  judged.loan_id,
  judged.property_id,
  judged.product,
  judged.term_months,
  judged.offered_by,
  judged.borrower_role,
  judged.current_interest_rate,
  judged.market_rate_offer,
  judged.rate_spread,
  judged.ltv_ratio,
  judged.monthly_savings_est,
  judged.current_home_value,
  judged.estimated_equity_amt,
  judged.loan_amount,
  judged.remaining_balance,
  judged.origination_year,
  judged.loan_type,
  judged.remaining_term_months,
  judged.lien_position,
  judged.credit_score,
  judged.late_payments_12m,
  judged.marketing_category,
  SIZE(judged.ineligibility_reasons) = 0 AS is_eligible,
  judged.ineligibility_reasons,
  judged.is_own,
  judged.is_own AS is_taken
FROM judged
WHERE
  NOT judged.has_choice;
