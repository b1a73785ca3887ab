"""Parsed declarations (contracts, policies, SQL models, rules), and outcomes of checks."""
