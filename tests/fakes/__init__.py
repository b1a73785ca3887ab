"""Stand-ins for AWS in tests, and what starts the real servers and tools there: Trino, PostgreSQL, Terraform.

Tests of the fakes themselves are in tests/engines and tests/infra, marked `long`.
"""
