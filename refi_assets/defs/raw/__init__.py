"""Source files as they lie in the lake."""
