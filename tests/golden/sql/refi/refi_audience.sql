-- duckdb, trino, athena
WITH several_records AS (
  SELECT
    resolved.person_id,
    CASE
      WHEN COUNT(engagement.sms_opt_in) > 0
      THEN 'said_no'
      WHEN COUNT(engagement.borrower_id) > 0
      THEN 'no_answer'
      ELSE 'no_engagement'
    END AS because
  FROM identity.resolved_borrower AS resolved
  LEFT JOIN staging.borrower_engagement AS engagement
    ON engagement.borrower_id = resolved.borrower_id
  WHERE
    resolved.cluster_size > 1 AND NOT COALESCE(engagement.sms_opt_in, FALSE)
  GROUP BY
    resolved.person_id
), ranked AS (
  SELECT
    judged.borrower_id,
    resolved.person_id,
    resolved.cluster_size,
    judged.rate_spread,
    judged.monthly_savings_est,
    judged.marketing_category,
    judged.loan_id,
    judged.current_interest_rate,
    judged.market_rate_offer,
    judged.ltv_ratio,
    ROW_NUMBER() OVER (
      PARTITION BY resolved.person_id
      ORDER BY judged.rate_spread DESC, judged.monthly_savings_est DESC, judged.loan_id ASC, judged.borrower_id ASC
    ) AS choice
  FROM refi.refi_eligibility AS judged
  INNER JOIN identity.resolved_borrower AS resolved
    ON resolved.borrower_id = judged.borrower_id
  WHERE
    judged.is_eligible AND judged.letter_to IS NULL
), reached AS (
  SELECT
    ranked.borrower_id,
    CASE
      WHEN NOT borrower.first_name IS NULL AND NOT borrower.last_name IS NULL
      THEN borrower.first_name || ' ' || borrower.last_name
      ELSE COALESCE(borrower.first_name, borrower.last_name)
    END AS name,
    ranked.rate_spread,
    ranked.monthly_savings_est,
    ranked.marketing_category,
    ranked.person_id,
    ranked.loan_id,
    ranked.current_interest_rate,
    ranked.market_rate_offer,
    ranked.ltv_ratio,
    engagement.paperless_billing,
    engagement.email_open_last_30d,
    engagement.mobile_app_login_last_30d,
    CASE
      WHEN ranked.cluster_size > 1
      THEN several_records.because
      WHEN engagement.sms_opt_in
      THEN NULL
      WHEN NOT engagement.sms_opt_in IS NULL
      THEN 'said_no'
      WHEN NOT engagement.borrower_id IS NULL
      THEN 'no_answer'
      ELSE 'no_engagement'
    END AS no_sms_because
  FROM ranked
  INNER JOIN staging.borrower_information AS borrower
    ON borrower.borrower_id = ranked.borrower_id
  LEFT JOIN staging.borrower_engagement AS engagement
    ON engagement.borrower_id = ranked.borrower_id
  LEFT JOIN several_records
    ON several_records.person_id = ranked.person_id
  WHERE
    ranked.choice = 1
)
SELECT
  reached.borrower_id,
  reached.name,
  reached.rate_spread,
  reached.monthly_savings_est,
  reached.marketing_category,
  reached.person_id,
  reached.loan_id,
  reached.current_interest_rate,
  reached.market_rate_offer,
  reached.ltv_ratio,
  reached.paperless_billing,
  reached.email_open_last_30d,
  reached.mobile_app_login_last_30d,
  reached.no_sms_because IS NULL AS sms_opt_in,
  reached.no_sms_because
FROM reached
ORDER BY
  reached.rate_spread DESC,
  reached.monthly_savings_est DESC,
  reached.borrower_id ASC;

-- spark
WITH several_records AS (
  SELECT
    resolved.person_id,
    CASE
      WHEN COUNT(engagement.sms_opt_in) > 0
      THEN 'said_no'
      WHEN COUNT(engagement.borrower_id) > 0
      THEN 'no_answer'
      ELSE 'no_engagement'
    END AS because
  FROM identity.resolved_borrower AS resolved
  LEFT JOIN staging.borrower_engagement AS engagement
    ON engagement.borrower_id = resolved.borrower_id
  WHERE
    resolved.cluster_size > 1 AND NOT COALESCE(engagement.sms_opt_in, FALSE)
  GROUP BY
    resolved.person_id
), ranked AS (
  SELECT
    judged.borrower_id,
    resolved.person_id,
    resolved.cluster_size,
    judged.rate_spread,
    judged.monthly_savings_est,
    judged.marketing_category,
    judged.loan_id,
    judged.current_interest_rate,
    judged.market_rate_offer,
    judged.ltv_ratio,
    ROW_NUMBER() OVER (
      PARTITION BY resolved.person_id
      ORDER BY judged.rate_spread DESC, judged.monthly_savings_est DESC, judged.loan_id ASC NULLS LAST, judged.borrower_id ASC NULLS LAST
    ) AS choice
  FROM refi.refi_eligibility AS judged
  INNER JOIN identity.resolved_borrower AS resolved
    ON resolved.borrower_id = judged.borrower_id
  WHERE
    judged.is_eligible AND judged.letter_to IS NULL
), reached AS (
  SELECT
    ranked.borrower_id,
    CASE
      WHEN NOT borrower.first_name IS NULL AND NOT borrower.last_name IS NULL
      THEN borrower.first_name || ' ' || borrower.last_name
      ELSE COALESCE(borrower.first_name, borrower.last_name)
    END AS name,
    ranked.rate_spread,
    ranked.monthly_savings_est,
    ranked.marketing_category,
    ranked.person_id,
    ranked.loan_id,
    ranked.current_interest_rate,
    ranked.market_rate_offer,
    ranked.ltv_ratio,
    engagement.paperless_billing,
    engagement.email_open_last_30d,
    engagement.mobile_app_login_last_30d,
    CASE
      WHEN ranked.cluster_size > 1
      THEN several_records.because
      WHEN engagement.sms_opt_in
      THEN NULL
      WHEN NOT engagement.sms_opt_in IS NULL
      THEN 'said_no'
      WHEN NOT engagement.borrower_id IS NULL
      THEN 'no_answer'
      ELSE 'no_engagement'
    END AS no_sms_because
  FROM ranked
  INNER JOIN staging.borrower_information AS borrower
    ON borrower.borrower_id = ranked.borrower_id
  LEFT JOIN staging.borrower_engagement AS engagement
    ON engagement.borrower_id = ranked.borrower_id
  LEFT JOIN several_records
    ON several_records.person_id = ranked.person_id
  WHERE
    ranked.choice = 1
)
SELECT
  reached.borrower_id,
  reached.name,
  reached.rate_spread,
  reached.monthly_savings_est,
  reached.marketing_category,
  reached.person_id,
  reached.loan_id,
  reached.current_interest_rate,
  reached.market_rate_offer,
  reached.ltv_ratio,
  reached.paperless_billing,
  reached.email_open_last_30d,
  reached.mobile_app_login_last_30d,
  reached.no_sms_because IS NULL AS sms_opt_in,
  reached.no_sms_because
FROM reached
ORDER BY
  reached.rate_spread DESC,
  reached.monthly_savings_est DESC,
  reached.borrower_id ASC NULLS LAST;
