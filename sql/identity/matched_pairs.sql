-- Pairs of borrower records that may be of one person, with the evidence.
-- Matching fills it (see docs/identity.md); what stands here is what there is without: no pair.
-- A pair that people decided about is here whatever its weight, if it has one.
-- grain: borrower_id_1, borrower_id_2
-- not null: borrower_id_1, borrower_id_2
-- borrower_id_1: The first of the two, in the order of their ids.
-- borrower_id_2: The other.
-- match_weight: Evidence for one person against that for two, in bits: log2 of the odds.
-- match_probability: That both are one person, by the model.
-- evidence: JSON: of each comparison the level of likeness and its weight in bits.
-- review_reason: Why only people may link the two, whatever the probability; none for most pairs.
-- decision: What people decided: same, different, or nothing yet.
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
