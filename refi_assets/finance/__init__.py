"""Arithmetic of fixed-rate credit: payments, totals and the annual percentage rate."""
