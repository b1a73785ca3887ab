-- duckdb
WITH moved AS (
  SELECT
    COALESCE(now_in.borrower_id, was_in.borrower_id) AS borrower_id,
    CASE
      WHEN was_in.borrower_id IS NULL
      THEN 'entered'
      WHEN now_in.borrower_id IS NULL
      THEN 'left'
      ELSE 'tier changed'
    END AS change,
    was_in.marketing_category AS tier_before,
    now_in.marketing_category AS tier_after,
    CASE WHEN now_in.borrower_id IS NULL THEN was_in.loan_id ELSE now_in.loan_id END AS loan_id
  FROM before_refi.refi_audience AS was_in
  FULL JOIN refi.refi_audience AS now_in
    ON now_in.borrower_id = was_in.borrower_id
  WHERE
    was_in.borrower_id IS NULL
    OR now_in.borrower_id IS NULL
    OR was_in.marketing_category <> now_in.marketing_category
)
SELECT
  moved.borrower_id,
  moved.change,
  CASE
    WHEN was_judged.borrower_id IS NULL
    THEN 'new record'
    WHEN now_judged.borrower_id IS NULL
    THEN 'lost record'
    ELSE COALESCE(
      NULLIF(
        CONCAT_WS(
          ' and ',
          CASE
            WHEN was_judged.current_interest_rate IS DISTINCT FROM now_judged.current_interest_rate
            THEN 'rate'
          END,
          CASE
            WHEN was_judged.market_rate_offer IS DISTINCT FROM now_judged.market_rate_offer
            THEN 'market'
          END,
          CASE WHEN was_judged.ltv_ratio IS DISTINCT FROM now_judged.ltv_ratio THEN 'LTV' END
        ),
        ''
      ),
      CAST('policy' AS TEXT)
    )
  END AS moved_by,
  moved.tier_before,
  moved.tier_after,
  moved.loan_id,
  ARRAY_TO_STRING(now_judged.ineligibility_reasons, ' and ') AS reasons_now
FROM moved
LEFT JOIN before_refi.refi_eligibility AS was_judged
  ON was_judged.borrower_id = moved.borrower_id
  AND COALESCE(was_judged.loan_id, '') = COALESCE(moved.loan_id, '')
LEFT JOIN refi.refi_eligibility AS now_judged
  ON now_judged.borrower_id = moved.borrower_id
  AND COALESCE(now_judged.loan_id, '') = COALESCE(moved.loan_id, '')
ORDER BY
  moved.change ASC,
  moved.borrower_id ASC;

-- trino, athena
WITH moved AS (
  SELECT
    COALESCE(now_in.borrower_id, was_in.borrower_id) AS borrower_id,
    CASE
      WHEN was_in.borrower_id IS NULL
      THEN 'entered'
      WHEN now_in.borrower_id IS NULL
      THEN 'left'
      ELSE 'tier changed'
    END AS change,
    was_in.marketing_category AS tier_before,
    now_in.marketing_category AS tier_after,
    CASE WHEN now_in.borrower_id IS NULL THEN was_in.loan_id ELSE now_in.loan_id END AS loan_id
  FROM before_refi.refi_audience AS was_in
  FULL JOIN refi.refi_audience AS now_in
    ON now_in.borrower_id = was_in.borrower_id
  WHERE
    was_in.borrower_id IS NULL
    OR now_in.borrower_id IS NULL
    OR was_in.marketing_category <> now_in.marketing_category
)
SELECT
  moved.borrower_id,
  moved.change,
  CASE
    WHEN was_judged.borrower_id IS NULL
    THEN 'new record'
    WHEN now_judged.borrower_id IS NULL
    THEN 'lost record'
    ELSE COALESCE(
      NULLIF(
        CONCAT_WS(
          ' and ',
          CASE
            WHEN was_judged.current_interest_rate IS DISTINCT FROM now_judged.current_interest_rate
            THEN 'rate'
          END,
          CASE
            WHEN was_judged.market_rate_offer IS DISTINCT FROM now_judged.market_rate_offer
            THEN 'market'
          END,
          CASE WHEN was_judged.ltv_ratio IS DISTINCT FROM now_judged.ltv_ratio THEN 'LTV' END
        ),
        ''
      ),
      CAST('policy' AS VARCHAR)
    )
  END AS moved_by,
  moved.tier_before,
  moved.tier_after,
  moved.loan_id,
  ARRAY_JOIN(now_judged.ineligibility_reasons, ' and ') AS reasons_now
FROM moved
LEFT JOIN before_refi.refi_eligibility AS was_judged
  ON was_judged.borrower_id = moved.borrower_id
  AND COALESCE(was_judged.loan_id, '') = COALESCE(moved.loan_id, '')
LEFT JOIN refi.refi_eligibility AS now_judged
  ON now_judged.borrower_id = moved.borrower_id
  AND COALESCE(now_judged.loan_id, '') = COALESCE(moved.loan_id, '')
ORDER BY
  moved.change ASC,
  moved.borrower_id ASC;

-- spark
WITH moved AS (
  SELECT
    COALESCE(now_in.borrower_id, was_in.borrower_id) AS borrower_id,
    CASE
      WHEN was_in.borrower_id IS NULL
      THEN 'entered'
      WHEN now_in.borrower_id IS NULL
      THEN 'left'
      ELSE 'tier changed'
    END AS change,
    was_in.marketing_category AS tier_before,
    now_in.marketing_category AS tier_after,
    CASE WHEN now_in.borrower_id IS NULL THEN was_in.loan_id ELSE now_in.loan_id END AS loan_id
  FROM before_refi.refi_audience AS was_in
  FULL JOIN refi.refi_audience AS now_in
    ON now_in.borrower_id = was_in.borrower_id
  WHERE
    was_in.borrower_id IS NULL
    OR now_in.borrower_id IS NULL
    OR was_in.marketing_category <> now_in.marketing_category
)
SELECT
  moved.borrower_id,
  moved.change,
  CASE
    WHEN was_judged.borrower_id IS NULL
    THEN 'new record'
    WHEN now_judged.borrower_id IS NULL
    THEN 'lost record'
    ELSE COALESCE(
      NULLIF(
        CONCAT_WS(
          ' and ',
          CASE
            WHEN was_judged.current_interest_rate IS DISTINCT FROM now_judged.current_interest_rate
            THEN 'rate'
          END,
          CASE
            WHEN was_judged.market_rate_offer IS DISTINCT FROM now_judged.market_rate_offer
            THEN 'market'
          END,
          CASE WHEN was_judged.ltv_ratio IS DISTINCT FROM now_judged.ltv_ratio THEN 'LTV' END
        ),
        ''
      ),
      CAST('policy' AS STRING)
    )
  END AS moved_by,
  moved.tier_before,
  moved.tier_after,
  moved.loan_id,
  ARRAY_JOIN(now_judged.ineligibility_reasons, ' and ') AS reasons_now
FROM moved
LEFT JOIN before_refi.refi_eligibility AS was_judged
  ON was_judged.borrower_id = moved.borrower_id
  AND COALESCE(was_judged.loan_id, '') = COALESCE(moved.loan_id, '')
LEFT JOIN refi.refi_eligibility AS now_judged
  ON now_judged.borrower_id = moved.borrower_id
  AND COALESCE(now_judged.loan_id, '') = COALESCE(moved.loan_id, '')
ORDER BY
  moved.change ASC NULLS LAST,
  moved.borrower_id ASC NULLS LAST;
