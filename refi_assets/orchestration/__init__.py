"""Shared by the definitions of all domains: steps, SQL assets, checks, resources."""
