-- Customers who opted out: somebody of the person wishes not to be contacted, or has refused every enabled channel.
-- An answer that is missing stops new offers, but is no refusal: it does not end an offer that was made. Customers without
-- a profile this week count as persons of their own.
WITH refusal AS (
    SELECT
        preferences.customer_id,
        COALESCE(person.person_id, 'customer-' || preferences.customer_id) AS person_id,
        CASE WHEN preferences.do_not_contact THEN 1 ELSE 0 END AS refuses_all,
        CASE WHEN NOT :email_enabled OR preferences.email_opt_out THEN 1 ELSE 0 END AS refuses_email,
        CASE WHEN NOT :sms_enabled OR NOT preferences.sms_consent THEN 1 ELSE 0 END AS refuses_sms,
        CASE WHEN NOT :in_app_enabled OR preferences.in_app_opt_out THEN 1 ELSE 0 END AS refuses_in_app
    FROM staging.contact_preferences AS preferences
    LEFT JOIN offers.person AS person
        ON person.customer_id = preferences.customer_id
),
refused AS (
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
FROM program.customers AS customer
INNER JOIN refused
    ON refused.person_id = customer.person_id
UNION
SELECT
    refusal.customer_id
FROM refusal
INNER JOIN refused
    ON refused.person_id = refusal.person_id
