"""What tells people how the platform is: alerts and logs."""
