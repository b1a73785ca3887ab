"""Who is who among the borrowers."""
