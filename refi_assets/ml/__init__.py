"""Models: evaluation, training, registry, explanation. Knows nothing about lending."""
