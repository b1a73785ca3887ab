"""Typed rows, and the quarantine."""
