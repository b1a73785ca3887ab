"""The refi domain: which borrowers should hear about a refinance, and why."""
