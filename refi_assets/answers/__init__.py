"""Answers from what was published: who is in an audience and why, what is in quarantine, which runs there were."""
