"""Tests, one folder for each folder of the package. A package, so that no other `tests` is taken for it."""
