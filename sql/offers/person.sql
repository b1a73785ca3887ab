-- The person of each customer record.
-- Matching computes them (see docs/identity.md); this query is the relation without matching: each record is a person.
-- grain: customer_id
-- not null: customer_id, person_id
-- person_id: The person.
SELECT
    profile.customer_id,
    'person-' || profile.customer_id AS person_id
FROM staging.customer_credit_profiles AS profile
