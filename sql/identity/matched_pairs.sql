-- Pairs of borrower records that may be of one person, with the evidence.
-- Matching computes them (see docs/identity.md); this query is the relation without matching: no pair.
-- It includes every pair that people decided about, whatever its weight.
-- grain: borrower_id_1, borrower_id_2
-- not null: borrower_id_1, borrower_id_2
-- not personal match_weight, match_probability, review_reason:
--   They compare two records; no value of either can be read from them.
-- borrower_id_1: The first of the two, in the order of their ids.
-- borrower_id_2: The second.
-- match_weight: The evidence for one person against two, in bits: log2 of the odds.
-- match_probability: The probability that both are one person, by the model.
-- evidence: JSON: the level of likeness of each comparison and its weight in bits.
-- review_reason: Why only people may link the two, whatever the probability; null for most pairs.
-- decision: The decision of people: same or different; null if there is none yet.
SELECT
    borrower.borrower_id AS borrower_id_1,
    borrower.borrower_id AS borrower_id_2,
    CAST(NULL AS DOUBLE) AS match_weight,
    CAST(NULL AS DOUBLE) AS match_probability,
    CAST(NULL AS VARCHAR) AS evidence,
    CAST(NULL AS VARCHAR) AS review_reason,
    CAST(NULL AS VARCHAR) AS decision
FROM staging.borrower_information AS borrower
WHERE
    FALSE
