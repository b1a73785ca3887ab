-- Pairs that only people may link, whatever their probability, and the reason. DuckDB's dialect.

-- Whether one given name is short for the other, or both are for a third. Names that differ in one letter, and are
-- both short for something or both have short forms, are two names: Ann and Anna, not Steve and Steven. A name of at
-- most five letters that begins the other, and is shorter by three or more, is short for it even if no list has it: Barb
-- and Barbara; but Daniel and Danielle are two names.
CREATE MACRO is_nickname_pair(one, one_roots, one_has_nicknames, other, other_roots, other_has_nicknames) AS
    (
        LIST_HAS_ANY(one_roots, other_roots)
        AND (
            DAMERAU_LEVENSHTEIN(one, other) > 1
            OR (LIST_CONTAINS(other_roots, one) AND NOT other_has_nicknames)
            OR (LIST_CONTAINS(one_roots, other) AND NOT one_has_nicknames)
        )
    )
    OR (
        LEAST(LENGTH(one), LENGTH(other)) <= 5
        AND ABS(LENGTH(one) - LENGTH(other)) >= 3
        AND (STARTS_WITH(one, other) OR STARTS_WITH(other, one))
    );

-- Whether one given name is the other with a letter wrong, although both are on the list: it is very rare in these
-- records compared with the other. Micheal, 3 times, is Michael, 500 times.
CREATE MACRO is_typing_error(one, one_records, other, other_records) AS
    DAMERAU_LEVENSHTEIN(one, other) <= 1
    AND 50 * LEAST(one_records, other_records) <= GREATEST(one_records, other_records);

-- Names that are not on the list and too unlike for a slip of the pen: Ayşe and Fatma, not Ravi and Rawi.
CREATE MACRO are_unlike(one, other) AS
    LEAST(LENGTH(one), LENGTH(other)) > 1 AND JARO_WINKLER_SIMILARITY(one, other) < 0.7;

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
        WHEN one.suffix <> other.suffix
            THEN 'different suffixes'
        WHEN (one.suffix IS NULL) <> (other.suffix IS NULL) AND are_generations_apart(one.birth, other.birth)
            THEN 'a suffix and another generation'
        WHEN are_names_reliable(share_of_wrong_surnames)
            AND ((one.given_is_known AND other.given_is_known) OR are_unlike(one.given, other.given))
            AND NOT LIST_HAS_ANY(STRING_SPLIT(one.given, ' '), STRING_SPLIT(other.given, ' '))
            AND NOT is_nickname_pair(
                one.given, one.given_roots, one.given_has_nicknames,
                other.given, other.given_roots, other.given_has_nicknames
            )
            AND NOT is_typing_error(one.given, one.given_records, other.given, other.given_records)
            AND COALESCE(JARO_WINKLER_SIMILARITY(one.given, other.surname) < 0.9, TRUE)
            AND COALESCE(JARO_WINKLER_SIMILARITY(one.surname, other.given) < 0.9, TRUE)
            AND COALESCE(one.birth = other.birth, TRUE)
            AND COALESCE(
                one.house_number = other.house_number
                AND one.street = other.street
                AND COALESCE(one.postcode = other.postcode, TRUE)
                OR one.phone = other.phone,
                FALSE
            )
            THEN 'two given names in one home'
    END AS review_reason
FROM query_table(pairs) AS pair
INNER JOIN known AS one
    ON one.record = pair.record_1
INNER JOIN known AS other
    ON other.record = pair.record_2;
