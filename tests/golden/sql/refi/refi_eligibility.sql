-- duckdb
WITH joint_loan AS (
  SELECT
    dataset.loan_id,
    COALESCE(
      MIN(CASE WHEN dataset.borrower_role = 'primary' THEN dataset.borrower_id END),
      MIN(dataset.borrower_id)
    ) AS candidate_id
  FROM refi.unified_refi_dataset AS dataset
  WHERE
    dataset.is_eligible
    AND NOT dataset.loan_id IS NULL
    AND CAST('one' AS TEXT) = 'one'
  GROUP BY
    dataset.loan_id
  HAVING
    COUNT(*) > 1
)
SELECT
  unified.borrower_id,
  unified.loan_id,
  unified.current_interest_rate,
  unified.market_rate_offer,
  unified.rate_spread,
  unified.ltv_ratio,
  unified.monthly_savings_est,
  unified.marketing_category,
  unified.is_eligible,
  unified.ineligibility_reasons,
  unified.product,
  unified.term_months,
  CASE
    WHEN unified.is_eligible AND joint_loan.candidate_id <> unified.borrower_id
    THEN joint_loan.candidate_id
  END AS letter_to
FROM refi.unified_refi_dataset AS unified
LEFT JOIN joint_loan
  ON joint_loan.loan_id = unified.loan_id;

-- trino, athena
WITH joint_loan AS (
  SELECT
    dataset.loan_id,
    COALESCE(
      MIN(CASE WHEN dataset.borrower_role = 'primary' THEN dataset.borrower_id END),
      MIN(dataset.borrower_id)
    ) AS candidate_id
  FROM refi.unified_refi_dataset AS dataset
  WHERE
    dataset.is_eligible
    AND NOT dataset.loan_id IS NULL
    AND CAST('one' AS VARCHAR) = 'one'
  GROUP BY
    dataset.loan_id
  HAVING
    COUNT(*) > 1
)
SELECT
  unified.borrower_id,
  unified.loan_id,
  unified.current_interest_rate,
  unified.market_rate_offer,
  unified.rate_spread,
  unified.ltv_ratio,
  unified.monthly_savings_est,
  unified.marketing_category,
  unified.is_eligible,
  unified.ineligibility_reasons,
  unified.product,
  unified.term_months,
  CASE
    WHEN unified.is_eligible AND joint_loan.candidate_id <> unified.borrower_id
    THEN joint_loan.candidate_id
  END AS letter_to
FROM refi.unified_refi_dataset AS unified
LEFT JOIN joint_loan
  ON joint_loan.loan_id = unified.loan_id;

-- spark
WITH joint_loan AS (
  SELECT
    dataset.loan_id,
    COALESCE(
      MIN(CASE WHEN dataset.borrower_role = 'primary' THEN dataset.borrower_id END),
      MIN(dataset.borrower_id)
    ) AS candidate_id
  FROM refi.unified_refi_dataset AS dataset
  WHERE
    dataset.is_eligible
    AND NOT dataset.loan_id IS NULL
    AND CAST('one' AS STRING) = 'one'
  GROUP BY
    dataset.loan_id
  HAVING
    COUNT(*) > 1
)
SELECT
  unified.borrower_id,
  unified.loan_id,
  unified.current_interest_rate,
  unified.market_rate_offer,
  unified.rate_spread,
  unified.ltv_ratio,
  unified.monthly_savings_est,
  unified.marketing_category,
  unified.is_eligible,
  unified.ineligibility_reasons,
  unified.product,
  unified.term_months,
  CASE
    WHEN unified.is_eligible AND joint_loan.candidate_id <> unified.borrower_id
    THEN joint_loan.candidate_id
  END AS letter_to
FROM refi.unified_refi_dataset AS unified
LEFT JOIN joint_loan
  ON joint_loan.loan_id = unified.loan_id;
