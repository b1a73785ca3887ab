-- A random pair, as Splink names the columns of one: places among the records are drawn in Python.
CREATE TABLE random_pair AS
WITH placed AS (
    SELECT
        feature.record,
        ROW_NUMBER() OVER (ORDER BY feature.record) - 1 AS place
    FROM feature
)
SELECT
    '0' AS match_key,
    placed_l.record AS join_key_l,
    placed_r.record AS join_key_r
FROM drawn_place
INNER JOIN placed AS placed_l
    ON placed_l.place = drawn_place.place_l
INNER JOIN placed AS placed_r
    ON placed_r.place = drawn_place.place_r
