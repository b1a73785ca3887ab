"""Where SQL runs: one file an engine, the same names inside each. Engines know nothing of lending."""
