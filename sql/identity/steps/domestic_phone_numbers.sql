-- A telephone number as it is written, and in the form E.164 if SQL can read it for sure: ten digits of the plan.
CREATE TABLE phone_number AS
WITH distinct_number AS (
    SELECT DISTINCT
        record_text.phone AS written
    FROM record_text
    WHERE
        record_text.phone IS NOT NULL
),
digits AS (
    SELECT
        distinct_number.written,
        REGEXP_REPLACE(distinct_number.written, '[-(). ]', '', 'g') AS digits
    FROM distinct_number
)
SELECT
    digits.written,
    CASE WHEN REGEXP_FULL_MATCH(digits.digits, $domestic_number) THEN '+1' || digits.digits END AS e164
FROM digits
