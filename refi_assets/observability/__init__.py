"""Alerts, metrics and logs."""
