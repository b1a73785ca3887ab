"""Stand-ins for AWS in tests, and modules that start real servers and tools: Trino, PostgreSQL, Terraform.

The tests of the fakes themselves are in tests/engines and tests/infra, marked `long`.
"""
