-- Macros that make written text comparable: text without case, accents and punctuation, dates by part.
-- DuckDB's dialect: matching runs in DuckDB, whatever the engine.

-- Without case and, in Latin, Greek and Cyrillic, without accents. In other scripts marks are vowels, which
-- distinguish names; characters that only say how to join letters do not.
CREATE MACRO is_other_script(raw) AS
    REGEXP_MATCHES(raw, '[^\p{Latin}\p{Greek}\p{Cyrillic}\p{Common}\p{Inherited}]');
CREATE MACRO plain(raw) AS CASE
    WHEN is_other_script(raw) THEN ARRAY_TO_STRING(
        LIST_TRANSFORM(
            STRING_SPLIT(NFC_NORMALIZE(REGEXP_REPLACE(LOWER(raw), '\p{Cf}', '', 'g')), ' '),
            part -> CASE WHEN is_other_script(part) THEN part ELSE STRIP_ACCENTS(part) END
        ),
        ' '
    )
    ELSE STRIP_ACCENTS(LOWER(raw))
END;

-- Letters and digits of any script, with single spaces between; words for nothing are null.
-- As an item of a list, the text is computed once; CASE and NULLIF would compute it again each time they name it.
CREATE MACRO word(raw) AS LIST_EXTRACT(
    LIST_FILTER(
        [TRIM(REGEXP_REPLACE(TRANSLATE(plain(raw), 'łøđð''’`´', 'lodd'), '[^\p{L}\p{M}\p{N}]+', ' ', 'g'))],
        plain -> plain NOT IN
            ('', 'na', 'n a', 'nan', 'none', 'null', 'unknown', 'not known', 'missing')
    ),
    1
);

-- The generation in a name, which follows another word: a Spanish Sr. before a full name is a title.
CREATE MACRO generation(suffix) AS CASE
    WHEN suffix IN ('jr', 'jnr', 'junior') THEN 'jr'
    WHEN suffix IN ('sr', 'snr', 'senior') THEN 'sr'
    WHEN suffix IN ('ii', '2nd') THEN 'ii'
    WHEN suffix IN ('iii', '3rd') THEN 'iii'
    WHEN suffix IN ('iv', '4th') THEN 'iv'
END;
CREATE MACRO name_suffix(raw) AS generation(
    REGEXP_EXTRACT(LOWER(raw), '\S[\s,.(-]+(jr|jnr|junior|sr|snr|senior|iii|ii|iv|2nd|3rd|4th)\b', 1)
);

-- The generation at the start of a given name or a surname, as in Jr. Kelding.
CREATE MACRO leading_suffix(raw) AS generation(REGEXP_EXTRACT(LOWER(raw), '^\W*(jr|jnr|sr|snr|iii|ii|iv)\b', 1));

-- The words of a name, without titles and generations.
CREATE MACRO name_words(raw) AS LIST_FILTER(
    STRING_SPLIT(word(raw), ' '),
    (part, place) -> part NOT IN ('mr', 'mrs', 'ms', 'miss', 'dr', 'prof', 'sir', 'jr', 'jnr', 'sr', 'snr', 'ii', 'iii', 'iv')
        AND (place = 1 OR part NOT IN ('junior', 'senior', '2nd', '3rd', '4th'))
);

CREATE MACRO two_digits(part) AS LPAD(COALESCE(NULLIF(part, ''), '00'), 2, '0');
CREATE MACRO four_digits(part) AS CASE
    WHEN LENGTH(part) = 4 THEN part
    WHEN LENGTH(part) = 2 THEN (CASE WHEN part > '30' THEN '19' ELSE '20' END) || part
    ELSE '0000'
END;
CREATE MACRO month_number(name) AS LPAD(
    CAST(LIST_POSITION(
        ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'], LEFT(LOWER(name), 3)
    ) AS VARCHAR), 2, '0'
);

-- A date as eight digits: year, month, day. Unknown parts are zeros; text that is not a date is null.
-- Digits without separators, and dates that end in the year, are read in the column's order: ymd, dmy or mdy.
CREATE MACRO eight_digits(raw, date_order) AS CASE
    WHEN REGEXP_FULL_MATCH(raw, '\d{8}') THEN CASE date_order
        WHEN 'dmy' THEN RIGHT(raw, 4) || SUBSTR(raw, 3, 2) || LEFT(raw, 2)
        WHEN 'mdy' THEN RIGHT(raw, 4) || LEFT(raw, 4)
        ELSE raw
    END
    WHEN REGEXP_MATCHES(raw, '^\d{4}\D\d{0,2}\D\d{0,2}(\D|$)')
        THEN LEFT(raw, 4) || two_digits(REGEXP_EXTRACT(raw, '^\d+\D(\d*)\D', 1))
            || two_digits(REGEXP_EXTRACT(raw, '^\d+\D\d*\D(\d*)', 1))
    WHEN REGEXP_MATCHES(raw, '^\d{0,2}\D\d{0,2}\D(\d{4}|\d{2})(\D|$)')
        THEN four_digits(REGEXP_EXTRACT(raw, '^\d*\D\d*\D(\d+)', 1)) || CASE date_order
            WHEN 'dmy'
                THEN two_digits(REGEXP_EXTRACT(raw, '^\d*\D(\d*)', 1)) || two_digits(REGEXP_EXTRACT(raw, '^(\d*)', 1))
            ELSE two_digits(REGEXP_EXTRACT(raw, '^(\d*)', 1)) || two_digits(REGEXP_EXTRACT(raw, '^\d*\D(\d*)', 1))
        END
    WHEN REGEXP_MATCHES(raw, '^\d{1,2}[-/. ]*[A-Za-z]{3,9}[-/., ]*\d{4}')
        THEN REGEXP_EXTRACT(raw, '(\d{4})', 1) || month_number(REGEXP_EXTRACT(raw, '([A-Za-z]+)', 1))
            || two_digits(REGEXP_EXTRACT(raw, '^(\d+)', 1))
    WHEN REGEXP_MATCHES(raw, '^[A-Za-z]{3,9}[-/. ]*\d{1,2}[-/., ]+\d{4}')
        THEN REGEXP_EXTRACT(raw, '(\d{4})', 1) || month_number(REGEXP_EXTRACT(raw, '([A-Za-z]+)', 1))
            || two_digits(REGEXP_EXTRACT(raw, '(\d+)', 1))
    WHEN REGEXP_FULL_MATCH(raw, '\d{4}') THEN raw || '0000'
END;

-- The order of a column's dates, by the majority of the dates that show one; if none does, the year is first, or the
-- month before the day.
CREATE MACRO date_order(raw) AS CASE
    WHEN COUNT(*) FILTER (REGEXP_FULL_MATCH(raw, '\d{8}')) > COUNT(*) FILTER (REGEXP_MATCHES(raw, '^\d{1,2}\D\d{1,2}\D'))
        AND COUNT(*) FILTER (REGEXP_FULL_MATCH(raw, '(18|19|20)\d{6}'))
        > 0.5 * COUNT(*) FILTER (REGEXP_FULL_MATCH(raw, '\d{8}')) THEN 'ymd'
    WHEN COUNT(*) FILTER (REGEXP_MATCHES(raw, '^(1[3-9]|2\d|3[01])(\D|\d{6}$)'))
        > COUNT(*) FILTER (REGEXP_MATCHES(raw, '^\d\d?\D?(1[3-9]|2\d|3[01])(\D|\d{4}$)')) THEN 'dmy'
    ELSE 'mdy'
END;
