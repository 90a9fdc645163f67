"""Collected elsewhere: project/test_third_party.py installs each package in a fresh environment and runs its tests."""

collect_ignore_glob = ["*"]
