"""The platform against real parts on one machine: moto for AWS, a real Trino, and the Athena API over it."""
