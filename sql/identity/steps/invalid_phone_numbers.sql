-- A telephone number that is not valid, as a placeholder.
INSERT INTO placeholder
SELECT
    'phone' AS attribute,
    phone_number.written AS value,
    COUNT(*) AS records,
    'not a valid telephone number' AS reason
FROM record_text
INNER JOIN phone_number
    ON phone_number.written = record_text.phone
WHERE
    phone_number.e164 IS NULL
GROUP BY
    phone_number.written
