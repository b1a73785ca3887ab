"""Which borrowers should hear about which loan today, and why: an asset-based data platform for lenders."""
