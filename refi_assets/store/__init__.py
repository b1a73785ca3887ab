"""A store of what is read in milliseconds: the offers of each program, a week at a time.

protocol.py says what a repository of offers promises; sqlite_store.py is the one in SQLite.
"""
