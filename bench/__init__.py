"""Our job measured beside what a user would write instead: `make bench`."""
