-- A record of a sample, paired with itself: one of every $one_in.
CREATE TABLE pair_with_itself AS
SELECT
    '0' AS match_key,
    feature.record AS join_key_l,
    feature.record AS join_key_r
FROM feature
WHERE
    HASH(feature.record) % $one_in = 0
