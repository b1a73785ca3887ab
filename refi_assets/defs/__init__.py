"""Dagster definitions and nothing else: one folder for each domain, the same file names in each."""
