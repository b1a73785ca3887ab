-- Tests and conversions of a cell's text before it is cast: a plain TRY_CAST accepts 0x10, 1_000 and 1e3.
-- DuckDB's dialect: staging runs in DuckDB on every deployment.

-- A cell without surrounding white space; empty is null. Most cells have none, and testing that takes a sixth of the
-- time of trimming.
CREATE MACRO is_trimmed(raw) AS
    raw >= '!'
    AND (raw < CHR(127) OR NOT (STARTS_WITH(raw, CHR(160)) OR STARTS_WITH(raw, CHR(65279))))
    AND NOT (
        ENDS_WITH(raw, ' ') OR ENDS_WITH(raw, E'\t') OR ENDS_WITH(raw, E'\r') OR ENDS_WITH(raw, E'\n')
        OR ENDS_WITH(raw, CHR(160)) OR ENDS_WITH(raw, CHR(65279))
    );
CREATE MACRO cell(raw) AS CASE
    WHEN is_trimmed(raw) THEN raw
    ELSE NULLIF(TRIM(raw, E' \t\r\n' || CHR(160) || CHR(65279)), '')
END;

-- An optional sign, digits, at most one point.
CREATE MACRO is_number(cell) AS REGEXP_FULL_MATCH(cell, '[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)');

-- A number whose decimals, if any, are all zero.
CREATE MACRO is_whole(cell) AS REGEXP_FULL_MATCH(cell, '[+-]?([0-9]+(\.0*)?|\.0+)');

-- A text that can be cast to a number is one, unless it has an exponent, an underscore, or unusual white space.
CREATE MACRO is_cast_rightly(cell) AS
    cell >= '+'
    AND NOT (
        CONTAINS(cell, 'e') OR CONTAINS(cell, 'E') OR CONTAINS(cell, '_')
        OR ENDS_WITH(cell, CHR(11)) OR ENDS_WITH(cell, CHR(12))
    );

-- DuckDB accepts only these words, in any case: true, t, yes, y, 1, false, f, no, n, 0.
CREATE MACRO truth(cell) AS TRY_CAST(cell AS BOOLEAN);

-- A day is written as 2026-02-20; a cast would also accept 2026-2-20, 2026-02-20 (BC) and infinity.
CREATE MACRO day_of(cell) AS
    CASE WHEN REGEXP_FULL_MATCH(cell, '[0-9]{4}-[0-9]{2}-[0-9]{2}') THEN TRY_CAST(cell AS DATE) END;

-- A time in UTC is written as 2026-02-20T13:45:00.123Z; the T may be a space, and the seconds, their decimals (up to
-- three) and the zone may be missing. A day alone is its midnight, as times at midnight in Parquet files are read.
CREATE MACRO moment_of(cell) AS CASE
    WHEN REGEXP_FULL_MATCH(
        cell, '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?(Z|\+00(:00)?)?)?'
    ) THEN TRY_CAST(REGEXP_REPLACE(cell, '(Z|\+00(:00)?)$', '') AS TIMESTAMP)
END;

-- A number's text cut (not rounded) after six decimals, and whether the cut removed anything.
-- Null if it has more whole digits than any bound. Eighteen digits, since wider decimals take fifty times as long.
CREATE MACRO cut(cell) AS CASE
    WHEN LENGTH(cell) <= 7 OR NOT REGEXP_MATCHES(cell, '\.[0-9]{7}') THEN TRY_CAST(cell AS DECIMAL(18, 6))
    ELSE TRY_CAST(REGEXP_EXTRACT(cell, '^[+-]?[0-9]*\.?[0-9]{0,6}') AS DECIMAL(18, 6))
END;
CREATE MACRO has_more(cell) AS REGEXP_MATCHES(cell, '\.[0-9]{6}[0-9]*[1-9]');

-- Comparisons of a number's text with a bound: exact, however many digits it has. Not for null.
CREATE MACRO is_above(cell, bound) AS COALESCE(
    cut(cell) > bound OR (cut(cell) = bound AND has_more(cell) AND cell[1] <> '-'),
    cell[1] <> '-'
);
CREATE MACRO is_below(cell, bound) AS COALESCE(
    cut(cell) < bound OR (cut(cell) = bound AND has_more(cell) AND cell[1] = '-'),
    cell[1] = '-'
);

-- A text in lower case with single spaces between words, so that Paid  off, PAID_OFF and paid-off are equal.
CREATE MACRO spaced(cell) AS REGEXP_REPLACE(LOWER(cell), '[\s\x{A0}_-]+', ' ', 'g');

-- Words that systems write for a missing value, in any case; spreadsheets write their errors into any column.
-- (DuckDB turns an IN with many words into a join, which is computed for all rows, in order by a single thread.)
CREATE MACRO spreadsheet_errors() AS ['#N/A', '#VALUE!', '#DIV/0!', '#REF!', '#NAME?'];
CREATE MACRO is_spreadsheet_error(cell) AS cell[1] = '#' AND LIST_CONTAINS(spreadsheet_errors(), UPPER(cell));
CREATE MACRO is_word_for_nothing(cell) AS
    LENGTH(cell) <= 7
    AND LIST_CONTAINS(
        ['NULL', 'N/A', 'NA', 'N.A.', 'NAN', 'NONE', 'UNKNOWN', 'NIL', '-', '--', '.'] || spreadsheet_errors(),
        UPPER(cell)
    );

-- The opposite tests; comparing the first letter decides most texts in a quarter of the time.
CREATE MACRO is_no_spreadsheet_error(cell) AS cell < '#' OR cell >= '$' OR NOT is_spreadsheet_error(cell);
CREATE MACRO is_no_word_for_nothing(cell) AS
    LENGTH(cell) > 7 OR (cell >= '/' AND cell < 'N') OR (cell >= 'O' AND cell < 'U')
    OR (cell >= 'V' AND cell < 'n') OR (cell >= 'o' AND cell < 'u') OR cell >= 'v'
    OR NOT is_word_for_nothing(cell);

-- NUL and the zero-width characters in texts copied from web pages, which are invisible but break joins: soft hyphen,
-- zero-width spaces, direction marks and embeddings, word joiner, byte order mark; and the joiners.
CREATE MACRO invisible() AS
    '\x00\x{AD}\x{61C}\x{200B}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{2066}-\x{2069}\x{FEFF}';
CREATE MACRO joiners() AS '\x{200C}\x{200D}';
CREATE MACRO is_visible(cell) AS
    STRLEN(cell) = LENGTH(cell) OR NOT REGEXP_MATCHES(cell, '[' || invisible() || joiners() || ']');
CREATE MACRO is_plain(cell) AS STRLEN(cell) = LENGTH(cell) AND NOT CONTAINS(cell, CHR(0));
CREATE MACRO visible(cell) AS CASE
    WHEN is_plain(cell) THEN cell
    ELSE REGEXP_REPLACE(cell, '[' || invisible() || joiners() || ']', '', 'g')
END;

-- The same for a name. Between letters of some scripts, joiners change the spelling of a name, and are kept.
CREATE MACRO joining_scripts() AS
    '\p{Arabic}\p{Syriac}\p{Mongolian}\p{Devanagari}\p{Bengali}\p{Gurmukhi}\p{Gujarati}\p{Oriya}\p{Tamil}\p{Telugu}'
    || '\p{Kannada}\p{Malayalam}\p{Sinhala}\p{Khmer}\p{Myanmar}\p{Tibetan}';
CREATE MACRO visible_name(name) AS CASE
    WHEN is_plain(name) THEN name
    ELSE REGEXP_REPLACE(
        REGEXP_REPLACE(
            REGEXP_REPLACE(name, '[' || invisible() || ']', '', 'g'),
            '(^|[^' || joining_scripts() || joiners() || '])[' || joiners() || ']+', '\1', 'g'
        ),
        '[' || joiners() || ']+($|[^' || joining_scripts() || '])', '\1', 'g'
    )
END;
