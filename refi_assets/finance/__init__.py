"""Loan arithmetic: payments, totals and the annual percentage rate."""
