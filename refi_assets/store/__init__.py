"""A store of what is read in milliseconds. Of each program, it has the offers, a week at a time.

protocol.py says what a repository of offers promises; sqlite_store.py is the one in SQLite. Beside them are the last
scores of a stream (live_scores.py), alerts that wait to be sent (alert_outbox.py), and the log of decisions
(decision_log.py).
"""
