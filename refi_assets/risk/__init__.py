"""Live default risk: events of repayment become scores, from a stream or from files, by the same SQL.

The rules are in sql/risk/, their numbers in policies/risk/risk.yaml, the messages in contracts/risk/topics/. The parts
that need Kafka are in stream/.
"""
