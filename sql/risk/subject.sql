-- The borrowers and days for which features are computed: on the as-of day, every borrower of the portfolio and whoever
-- has an event; and the borrowers with an observed outcome, on the day of the observation.
-- grain: borrower_id, as_of
-- not null: borrower_id, as_of
-- as_of: The day; nothing that happened or arrived later counts.
SELECT
    borrower.borrower_id,
    :as_of AS as_of
FROM staging.portfolio_borrower AS borrower
WHERE
    borrower.opened_on <= :as_of
UNION
SELECT
    event.borrower_id,
    :as_of AS as_of
FROM risk.events AS event
WHERE
    NOT event.is_too_late
UNION
SELECT
    outcome.borrower_id,
    outcome.observed_on AS as_of
FROM staging.default_outcome AS outcome
WHERE
    outcome.observed_on <= :as_of
