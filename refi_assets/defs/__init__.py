"""All that is Dagster, and nothing else: one folder a group, the same file names in each."""
