"""Generated source files, and the truth about them."""
