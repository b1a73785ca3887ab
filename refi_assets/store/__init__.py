"""A store of what is read in milliseconds: the offers of each program, a week at a time."""
