"""What leaves the platform: published audiences."""
