"""Made-up source files, with the truth about what is in them."""
