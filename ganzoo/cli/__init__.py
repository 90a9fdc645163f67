"""The ``ganzoo`` command line: one module a command; each parses, calls one function of the library, prints."""
