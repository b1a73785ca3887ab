"""From a source to the raw zone: scanner, snapshots, arrivals."""
