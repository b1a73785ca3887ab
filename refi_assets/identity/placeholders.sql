-- Which values are placeholders: those that people type because they must type something, and those that strangers
-- share. DuckDB's dialect. Features of records are judged (see features.py), so a value is judged however it is written.

-- Values that are nobody's own in any data.
CREATE MACRO is_well_known(attribute, value) AS CASE attribute
    WHEN 'date_of_birth' THEN value IN (
        '00010101', '11111111', '17530101', '18000101', '18991230', '18991231', '19000000', '19000100', '19000101',
        '19010101', '19700101', '99990101', '99991231', '99999999'
    )
    WHEN 'email' THEN REGEXP_MATCHES(
        value,
        '^(none|no|na|n/a|n\.a|nil|null|nan|not?[._-]?(e?mail|reply|one|body|given|provided|available|applicable|known)'
        || '|un(known|available)|do[._-]?not[._-]?reply|declined?|refused?|missing|empty|tb[ad]|test(er|ing)?|dummy|fake'
        || '|anonymous|e?mail@e?mail|example|asdf?|abc|xx+|x+@x+)\d*@'
    ) OR REGEXP_MATCHES(
        value, '@(none|no|na|null|no[._-]?e?mail|not?[._-]?(given|provided|available|known)|unknown|invalid|test)\.[a-z]+(\.[a-z]{2})?$'
    )
    WHEN 'phone' THEN value = '+1' || REPEAT(value[3], 10)
        OR REGEXP_MATCHES(value, '^\+1(555|[2-9]11|...5551212$|2345678901$)')  -- no area codes; directory assistance
    WHEN 'national_id' THEN REPLACE(value, value[1], '') = ''
        OR value IN ('078051120', '219099999')  -- printed on cards in wallets and pamphlets
    WHEN 'street' THEN REGEXP_MATCHES(
        value, '^\d* ?(no( fixed)? (address|street|abode)|not (given|provided|available)|unknown|homeless|tb[ad]|x+)( |$)'
    )
    ELSE FALSE
END;

-- The number of names that may share a value by chance. A telephone number, an e-mail address or a national id is shared
-- by a household at most; a date of birth by everybody born that day, so by more people the more records there are; an
-- address by everybody who lives in a large house.
CREATE MACRO most_names(attribute, names_of_a_value, records) AS CASE attribute
    WHEN 'date_of_birth' THEN 4 + 8 * (names_of_a_value - 1)
    WHEN 'street' THEN GREATEST(20, 0.02 * records)
    ELSE 4
END;

-- Names are different if neither a slip of the pen nor a common surname makes them alike. A household has 4 at most.
CREATE MACRO most_households() AS 4;
CREATE MACRO compared_names() AS 30;  -- of a value
CREATE MACRO are_alike(given_1, surname_1, given_2, surname_2) AS GREATEST(
    COALESCE(JARO_WINKLER_SIMILARITY(given_1, given_2), 0),
    COALESCE(JARO_WINKLER_SIMILARITY(surname_1, surname_2), 0),
    COALESCE(JARO_WINKLER_SIMILARITY(given_1, surname_2), 0),
    COALESCE(JARO_WINKLER_SIMILARITY(surname_1, given_2), 0)
) >= 0.85;

-- The placeholders among the values of a table (value, given, surname; a row a record).
-- grain: value
CREATE MACRO placeholders_of(attribute, records) AS TABLE
WITH named AS (
    SELECT
        held.value,
        held.given,
        held.surname,
        COUNT(*) AS records
    FROM query_table(records) AS held
    WHERE
        held.value IS NOT NULL
    GROUP BY
        held.value,
        held.given,
        held.surname
),
counted AS (
    SELECT
        named.value,
        SUM(named.records) AS records,
        COUNT(*) FILTER (COALESCE(named.given, named.surname) IS NOT NULL) AS names
    FROM named
    GROUP BY
        named.value
),
allowed AS (
    SELECT
        most_names(attribute, AVG(counted.names), SUM(counted.records)) AS names
    FROM counted
),
crowded AS (
    SELECT
        counted.value
    FROM counted, allowed
    WHERE
        counted.names > allowed.names
),
compared AS (
    SELECT
        named.value,
        named.given,
        named.surname,
        ROW_NUMBER() OVER (PARTITION BY named.value ORDER BY HASH(named.given, named.surname)) AS place
    FROM named
    SEMI JOIN crowded
        ON crowded.value = named.value
    WHERE
        COALESCE(named.given, named.surname) IS NOT NULL
    QUALIFY
        place <= compared_names()
),
shared AS (  -- the effective number of names: that of names all unlike one another with the same share of alike pairs
    SELECT
        compared.value,
        POWER(COUNT(DISTINCT compared.place), 2) / COUNT(*) AS different_names
    FROM compared
    INNER JOIN compared AS alike
        ON alike.value = compared.value
        AND (
            alike.place = compared.place
            OR are_alike(alike.given, alike.surname, compared.given, compared.surname)
        )
    GROUP BY
        compared.value
)
SELECT
    attribute AS attribute,
    counted.value,
    counted.records,
    CASE
        WHEN is_well_known(attribute, counted.value) THEN 'stands for nothing'
        ELSE 'shared by too many different names'
    END AS reason
FROM counted
LEFT JOIN shared
    ON shared.value = counted.value
WHERE
    is_well_known(attribute, counted.value)
    OR shared.different_names > most_households();
