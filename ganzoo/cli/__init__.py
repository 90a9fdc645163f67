"""The ``ganzoo`` command line: one module per command. Each parses, calls one library function and prints."""
