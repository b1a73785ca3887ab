-- Pairs that only people may link, whatever their probability, and the reason. DuckDB's dialect.

-- Whether one given name is short for the other, or both are for a third. Names that differ in one letter, and are
-- both short for something or both have short forms, are two names: Ann and Anna, not Steve and Steven. A name of at
-- most five letters that begins the other, and is shorter by three or more, is short for it even if no list has it: Barb
-- and Barbara; but Daniel and Danielle are two names.
CREATE MACRO is_nickname_pair(name_1, roots_1, has_nicknames_1, name_2, roots_2, has_nicknames_2) AS
    (
        LIST_HAS_ANY(roots_1, roots_2)
        AND (
            DAMERAU_LEVENSHTEIN(name_1, name_2) > 1
            OR (LIST_CONTAINS(roots_2, name_1) AND NOT has_nicknames_2)
            OR (LIST_CONTAINS(roots_1, name_2) AND NOT has_nicknames_1)
        )
    )
    OR (
        LEAST(LENGTH(name_1), LENGTH(name_2)) <= 5
        AND ABS(LENGTH(name_1) - LENGTH(name_2)) >= 3
        AND (STARTS_WITH(name_1, name_2) OR STARTS_WITH(name_2, name_1))
    );

-- Whether one given name is the other with a letter wrong, although both are on the list: it is very rare in these
-- records compared with the other. Micheal, 3 times, is Michael, 500 times.
CREATE MACRO is_typing_error(name_1, records_1, name_2, records_2) AS
    DAMERAU_LEVENSHTEIN(name_1, name_2) <= 1
    AND 50 * LEAST(records_1, records_2) <= GREATEST(records_1, records_2);

-- Names that are not on the list and too unlike for a slip of the pen: Ayşe and Fatma, not Ravi and Rawi.
CREATE MACRO are_unlike(name_1, name_2) AS
    LEAST(LENGTH(name_1), LENGTH(name_2)) > 1 AND JARO_WINKLER_SIMILARITY(name_1, name_2) < 0.7;

-- Whether two dates of birth are a generation apart; false if a year is unknown.
CREATE MACRO are_generations_apart(birth_1, birth_2) AS COALESCE(
    ABS(CAST(NULLIF(birth_1[:4], '0000') AS INTEGER) - CAST(NULLIF(birth_2[:4], '0000') AS INTEGER)) >= 14, FALSE
);

-- If surnames are often wholly wrong in these records, given names are as well, and distinguish nobody.
CREATE MACRO are_names_reliable(share_of_wrong_surnames) AS share_of_wrong_surnames <= 0.05;

-- The reason for each pair of a table, if there is one.
-- grain: record_1, record_2
CREATE MACRO review_reasons(pairs, share_of_wrong_surnames) AS TABLE
WITH known AS (  -- features without a column are null
    SELECT
        CAST(NULL AS BIGINT) AS record,
        CAST(NULL AS VARCHAR) AS given,
        CAST(NULL AS VARCHAR[]) AS given_roots,
        CAST(NULL AS BOOLEAN) AS given_is_known,
        CAST(NULL AS BOOLEAN) AS given_has_nicknames,
        CAST(NULL AS BIGINT) AS given_records,
        CAST(NULL AS VARCHAR) AS surname,
        CAST(NULL AS VARCHAR) AS suffix,
        CAST(NULL AS VARCHAR) AS birth,
        CAST(NULL AS VARCHAR) AS house_number,
        CAST(NULL AS VARCHAR) AS street,
        CAST(NULL AS VARCHAR) AS postcode,
        CAST(NULL AS VARCHAR) AS city,
        CAST(NULL AS VARCHAR) AS phone
    WHERE
        FALSE
    UNION ALL BY NAME
    FROM feature
)
SELECT
    pair.record_1,
    pair.record_2,
    CASE
        WHEN record_1.suffix <> record_2.suffix
            THEN 'different suffixes'
        WHEN (record_1.suffix IS NULL) <> (record_2.suffix IS NULL) AND are_generations_apart(record_1.birth, record_2.birth)
            THEN 'a suffix and another generation'
        WHEN are_names_reliable(share_of_wrong_surnames)
            AND ((record_1.given_is_known AND record_2.given_is_known) OR are_unlike(record_1.given, record_2.given))
            AND NOT LIST_HAS_ANY(STRING_SPLIT(record_1.given, ' '), STRING_SPLIT(record_2.given, ' '))
            AND NOT is_nickname_pair(
                record_1.given, record_1.given_roots, record_1.given_has_nicknames,
                record_2.given, record_2.given_roots, record_2.given_has_nicknames
            )
            AND NOT is_typing_error(record_1.given, record_1.given_records, record_2.given, record_2.given_records)
            AND COALESCE(JARO_WINKLER_SIMILARITY(record_1.given, record_2.surname) < 0.9, TRUE)
            AND COALESCE(JARO_WINKLER_SIMILARITY(record_1.surname, record_2.given) < 0.9, TRUE)
            AND COALESCE(record_1.birth = record_2.birth, TRUE)
            AND COALESCE(
                record_1.house_number = record_2.house_number
                AND record_1.street = record_2.street
                AND COALESCE(record_1.postcode = record_2.postcode, TRUE)
                OR record_1.phone = record_2.phone,
                FALSE
            )
            THEN 'two given names in one home'
    END AS review_reason
FROM query_table(pairs) AS pair
INNER JOIN known AS record_1
    ON record_1.record = pair.record_1
INNER JOIN known AS record_2
    ON record_2.record = pair.record_2;
