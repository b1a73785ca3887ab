"""What a column is made of, and the events that report it."""
