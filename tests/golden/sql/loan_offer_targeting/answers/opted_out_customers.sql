-- duckdb, trino, athena, spark
WITH refusal AS (
  SELECT
    preferences.customer_id,
    COALESCE(person.person_id, 'customer-' || preferences.customer_id) AS person_id,
    CASE WHEN preferences.do_not_contact THEN 1 ELSE 0 END AS refuses_all,
    CASE WHEN NOT CAST('True' AS BOOLEAN) OR preferences.email_opt_out THEN 1 ELSE 0 END AS refuses_email,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN) OR NOT preferences.sms_consent
      THEN 1
      ELSE 0
    END AS refuses_sms,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN) OR preferences.in_app_opt_out
      THEN 1
      ELSE 0
    END AS refuses_in_app
  FROM staging.contact_preferences AS preferences
  LEFT JOIN offers.person AS person
    ON person.customer_id = preferences.customer_id
), refused AS (
  SELECT
    refusal.person_id
  FROM refusal
  GROUP BY
    refusal.person_id
  HAVING
    MAX(refusal.refuses_all) = 1
    OR MAX(refusal.refuses_email) + MAX(refusal.refuses_sms) + MAX(refusal.refuses_in_app) = 3
)
SELECT
  customer.customer_id
FROM loan_offer_targeting.customers AS customer
INNER JOIN refused
  ON refused.person_id = customer.person_id
UNION
SELECT
  refusal.customer_id
FROM refusal
INNER JOIN refused
  ON refused.person_id = refusal.person_id;
