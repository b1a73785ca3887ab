"""The HTTP API, on real models in a real registry."""
