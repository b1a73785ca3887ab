"""The topics of live default risk: their names and the schemas of their messages, in contracts/risk/topics/.

The key of each message is the borrower, but of markers the query, and of dead letters the place of the message.
"""

LOAN_EVENTS = "loan-events"
TRANSACTIONS = "transactions"
RISK_SCORES = "risk-scores"
RISK_MARKERS = "risk-markers"
DEAD_LETTERS = "dead-letters"

SOURCE_TOPICS = (LOAN_EVENTS, TRANSACTIONS)
TOPICS = (*SOURCE_TOPICS, RISK_SCORES, RISK_MARKERS, DEAD_LETTERS)
