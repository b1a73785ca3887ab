"""Where each column comes from, and the events that report it."""
