"""Refi-ready: who may hear of a refinance, and why."""
