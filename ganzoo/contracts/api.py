"""The version of the plugin API, and what it promises.

`API` is a whole number. Within one number the API only grows: whatever `ganzoo.__all__`, `ganzoo.contracts` and the
hooks had stays and means the same. A plugin states the number that it was made for as ``GANZOO_API = 1`` in the module
that its entry point names; without it, the first number counts. ganzoo loads plugins made for `OLDEST_API` to `API`.
One made for a later number is skipped, with a sentence that says what to install.
"""

from __future__ import annotations

API = 1
OLDEST_API = 1
