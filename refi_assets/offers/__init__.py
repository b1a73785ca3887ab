"""Loan-offer programs: who may be pre-approved for which loan, at what price, and why not the others."""
