"""What the definitions of all domains share: steps, SQL assets, checks, resources."""
