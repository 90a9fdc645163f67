"""Running models: engines, and the sizes they work at."""
