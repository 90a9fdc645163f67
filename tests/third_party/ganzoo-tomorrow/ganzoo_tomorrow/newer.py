"""A plugin for a later version of the API."""

GANZOO_API = 99
