-- What the text of a cell is, judged before anything is cast: a plain TRY_CAST takes 0x10, 1_000 and 1e3.
-- DuckDB's dialect: staging runs in DuckDB on every deployment.

-- A cell without the white space around it; empty is null. Most cells have none, which is seen in a sixth of the
-- time that trimming takes.
CREATE MACRO cell(raw) AS CASE
    WHEN
        raw >= '!' AND raw < CHR(127)
        AND NOT (
            ENDS_WITH(raw, ' ') OR ENDS_WITH(raw, E'\t') OR ENDS_WITH(raw, E'\r') OR ENDS_WITH(raw, E'\n')
            OR ENDS_WITH(raw, CHR(160)) OR ENDS_WITH(raw, CHR(65279))
        )
        THEN raw
    ELSE NULLIF(TRIM(raw, E' \t\r\n' || CHR(160) || CHR(65279)), '')
END;

-- An optional sign, digits, at most one point.
CREATE MACRO is_number(cell) AS REGEXP_FULL_MATCH(cell, '[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)');

-- A number whose decimals, if any, are all zero.
CREATE MACRO is_whole(cell) AS REGEXP_FULL_MATCH(cell, '[+-]?([0-9]+(\.0*)?|\.0+)');

-- A text that a cast takes for a number is one, unless it has an exponent, an underscore, or odd white space.
CREATE MACRO is_cast_rightly(cell) AS
    cell >= '+'
    AND NOT (
        CONTAINS(cell, 'e') OR CONTAINS(cell, 'E') OR CONTAINS(cell, '_')
        OR ENDS_WITH(cell, CHR(11)) OR ENDS_WITH(cell, CHR(12))
    );

CREATE MACRO truth(cell) AS CASE LOWER(cell)
    WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE
    WHEN 'yes' THEN TRUE WHEN 'no' THEN FALSE
    WHEN '1' THEN TRUE WHEN '0' THEN FALSE
    WHEN 't' THEN TRUE WHEN 'f' THEN FALSE
    WHEN 'y' THEN TRUE WHEN 'n' THEN FALSE
END;

-- A number's text cut (not rounded) after six decimals, and whether the cut took something off.
-- Null where it has more whole digits than any bound. Eighteen digits, since wider decimals cost fifty times as much.
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
