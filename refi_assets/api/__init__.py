"""The HTTP API: stored offers, their events, and scores by the registered champions."""
