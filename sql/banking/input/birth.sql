-- The date of birth and the sex in each client's birth number: yymmdd, where 50 is added to the month of women.
-- Two digits are a year of the hundred years from :birth_years_from. Both are null if the number is not such a date.
WITH digits AS (
    SELECT
        client.client_id,
        CAST(SUBSTR(client.birth_number, 1, 2) AS BIGINT) AS year_of_century,
        CAST(SUBSTR(client.birth_number, 3, 2) AS BIGINT) AS month_and_sex,
        SUBSTR(client.birth_number, 5, 2) AS day
    FROM staging.client AS client
    WHERE
        REGEXP_LIKE(client.birth_number, '^[0-9]{6}$')
),
dated AS (
    SELECT
        digits.client_id,
        TRY_CAST(
            CAST(
                :birth_years_from - MOD(:birth_years_from, 100) + digits.year_of_century
                + CASE WHEN digits.year_of_century < MOD(:birth_years_from, 100) THEN 100 ELSE 0 END
                AS VARCHAR
            )
            || '-'
            || LPAD(
                CAST(digits.month_and_sex - CASE WHEN digits.month_and_sex > 50 THEN 50 ELSE 0 END AS VARCHAR), 2, '0'
            )
            || '-'
            || digits.day
            AS DATE
        ) AS birth_date,
        CASE WHEN digits.month_and_sex > 50 THEN 'female' ELSE 'male' END AS sex
    FROM digits
)
SELECT
    dated.client_id,
    dated.birth_date,
    dated.sex
FROM dated
WHERE
    dated.birth_date IS NOT NULL
