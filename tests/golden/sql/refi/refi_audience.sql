-- duckdb, trino, athena
WITH no_sms AS (
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
    NOT COALESCE(engagement.sms_opt_in, FALSE)
  GROUP BY
    resolved.person_id
), ranked AS (
  SELECT
    judged.borrower_id,
    resolved.person_id,
    judged.first_name,
    judged.last_name,
    judged.rate_spread,
    judged.monthly_savings_est,
    judged.marketing_category,
    judged.loan_id,
    judged.current_interest_rate,
    judged.market_rate_offer,
    judged.ltv_ratio,
    judged.paperless_billing,
    judged.email_open_last_30d,
    judged.mobile_app_login_last_30d,
    ROW_NUMBER() OVER (
      PARTITION BY resolved.person_id
      ORDER BY judged.rate_spread DESC, judged.monthly_savings_est DESC, judged.loan_id ASC, judged.borrower_id ASC
    ) AS choice
  FROM refi.refi_eligibility AS judged
  INNER JOIN identity.resolved_borrower AS resolved
    ON resolved.borrower_id = judged.borrower_id
  WHERE
    judged.is_eligible AND judged.letter_to IS NULL
)
SELECT
  ranked.borrower_id,
  CASE
    WHEN NOT ranked.first_name IS NULL AND NOT ranked.last_name IS NULL
    THEN ranked.first_name || ' ' || ranked.last_name
    ELSE COALESCE(ranked.first_name, ranked.last_name)
  END AS name,
  ranked.rate_spread,
  ranked.monthly_savings_est,
  ranked.marketing_category,
  ranked.person_id,
  ranked.loan_id,
  ranked.current_interest_rate,
  ranked.market_rate_offer,
  ranked.ltv_ratio,
  ranked.paperless_billing,
  ranked.email_open_last_30d,
  ranked.mobile_app_login_last_30d,
  no_sms.because IS NULL AS sms_opt_in,
  no_sms.because AS no_sms_because
FROM ranked
LEFT JOIN no_sms
  ON no_sms.person_id = ranked.person_id
WHERE
  ranked.choice = 1
ORDER BY
  ranked.rate_spread DESC,
  ranked.monthly_savings_est DESC,
  ranked.borrower_id ASC;
