"""The HTTP API: scores by the registered champion."""
