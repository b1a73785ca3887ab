"""What is declared, parsed: contracts, policies, SQL models, and what checks make of counts."""
