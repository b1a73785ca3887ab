"""The domain risk."""
