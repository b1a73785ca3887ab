"""Borrowers joined, judged and chosen."""
