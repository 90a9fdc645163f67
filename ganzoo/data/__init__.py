"""Data sets: where files come from (`sources`, `idx`), and what a recipe sees of them (`datasets`)."""
