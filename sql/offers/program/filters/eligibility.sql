-- May the customer hear from us again, and is there a channel to do so?
-- grain: customer_id
-- rule offered_within_days: The person got an offer within the last :suppression_days days.
-- rule opted_out: No channel of the program is open.
SELECT
    customer.customer_id,
    CASE
        WHEN DATE_DIFF('day', customer.last_offered_on, :as_of) < :suppression_days THEN 'offered_within_days'
    END AS suppression,
    CASE WHEN NOT customer.is_reachable THEN 'opted_out' END AS contact
FROM program.customers AS customer
