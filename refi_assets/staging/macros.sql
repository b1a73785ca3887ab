-- What the text of a cell is, judged before anything is cast: a plain TRY_CAST takes 0x10, 1_000 and 1e3.
-- DuckDB's dialect: staging runs in DuckDB on every deployment.

-- A cell without the white space around it; empty is null. Most cells begin and end in printable ASCII, which is
-- seen in a third of the time that trimming takes.
CREATE MACRO cell(raw) AS CASE
    WHEN raw >= '!' AND raw < CHR(127) AND raw[-1] BETWEEN '!' AND '~' THEN raw
    ELSE NULLIF(TRIM(raw, E' \t\r\n' || CHR(160) || CHR(65279)), '')
END;

-- An optional sign, digits, at most one point.
CREATE MACRO is_number(cell) AS REGEXP_FULL_MATCH(cell, '[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)');

-- A number whose decimals, if any, are all zero.
CREATE MACRO is_whole(cell) AS REGEXP_FULL_MATCH(cell, '[+-]?([0-9]+(\.0*)?|\.0+)');

CREATE MACRO is_true(cell) AS LOWER(cell) IN ('true', 't', 'yes', 'y', '1');
CREATE MACRO is_false(cell) AS LOWER(cell) IN ('false', 'f', 'no', 'n', '0');

-- A number's text cut (not rounded) after six decimals, and whether the cut took something off.
-- Null where it has more whole digits than any bound. Eighteen digits, since wider decimals cost fifty times as much.
CREATE MACRO cut(cell) AS CASE
    WHEN LENGTH(cell) <= 7 OR NOT REGEXP_MATCHES(cell, '\.[0-9]{7}') THEN TRY_CAST(cell AS DECIMAL(18, 6))
    ELSE TRY_CAST(REGEXP_EXTRACT(cell, '^[+-]?[0-9]*\.?[0-9]{0,6}') AS DECIMAL(18, 6))
END;
CREATE MACRO has_more(cell) AS REGEXP_MATCHES(cell, '\.[0-9]{6}[0-9]*[1-9]');

-- Comparisons of a number's text, and its cut, with a bound: exact, however many digits it has. Not for null.
CREATE MACRO is_above(cell, cut_cell, bound) AS COALESCE(
    cut_cell > bound OR (cut_cell = bound AND has_more(cell) AND cell[1] <> '-'),
    cell[1] <> '-'
);
CREATE MACRO is_below(cell, cut_cell, bound) AS COALESCE(
    cut_cell < bound OR (cut_cell = bound AND has_more(cell) AND cell[1] = '-'),
    cell[1] = '-'
);
