"""Source files as tables: what the contract says, and what is there."""
