-- duckdb, trino, athena, spark
SELECT
  profile.customer_id
FROM staging.customer_credit_profiles AS profile
LEFT JOIN loan_offer_targeting.verdicts AS verdict
  ON verdict.customer_id = profile.customer_id
LEFT JOIN loan_offer_targeting.priced AS priced
  ON priced.customer_id = profile.customer_id
WHERE
  verdict.customer_id IS NULL
  OR COALESCE(priced.is_offered, FALSE) = (
    NOT verdict.first_reason IS NULL
  );
