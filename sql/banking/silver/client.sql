-- Clients of the bank, in a district that exists.
-- grain: client_id
-- not null: client_id, birth_date, sex, district_id
-- birth_date: The date of birth, from the birth number.
-- not personal sex: It has two values, which many clients share.
-- sex: female or male, from the birth number.
SELECT
    client.client_id,
    birth.birth_date,
    CAST(birth.sex AS VARCHAR) AS sex,
    client.district_id
FROM staging.client AS client
INNER JOIN input.birth AS birth
    ON birth.client_id = client.client_id
LEFT JOIN silver.quarantine AS refused
    ON refused.source = 'client'
    AND refused.row_key = client.client_id
WHERE
    refused.row_key IS NULL
