-- The things whose rows differ in facts, and the rows that are compared cell by cell: those of one party of a thing, and
-- all rows of things at odds. `suspect` has the judged rows of things with several rows.
CREATE TEMP TABLE at_odds AS
SELECT
    thing
FROM suspect
GROUP BY
    thing
HAVING
    MIN(facts) <> MAX(facts)
    OR COUNT(DISTINCT party) FILTER (WHERE is_exclusive) > 1;

CREATE TEMP TABLE compared AS
SELECT
    file_number,
    position
FROM suspect
WHERE
    thing IN (
        SELECT
            thing
        FROM suspect
        GROUP BY
            thing,
            party
        HAVING
            COUNT(*) > 1
        UNION
        FROM at_odds
    )
