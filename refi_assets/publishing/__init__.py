"""Publications: their commits, manifests and files, and how long the relations behind them are kept."""
