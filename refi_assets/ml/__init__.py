"""Models: evaluation, training, registry, explanation. Knows nothing about lending.

Features are defined in sql/ml/features/, limits and words in policies/ml/. Serving scores belongs to api/.
"""
