"""What a license lets people do, in a few words. They are a hint: the license's own text counts."""

from __future__ import annotations

# Beginnings of licenses' names, longest first where one begins like another.
_ALLOWED = (
    (("cc-by-nc-nd",), "non-commercial use with credit, unchanged"),
    (("cc-by-nc-sa",), "non-commercial use with credit, under the same license"),
    (("cc-by-nc",), "non-commercial use with credit"),
    (("cc-by-nd",), "any use with credit, unchanged"),
    (("cc-by-sa",), "any use with credit, under the same license"),
    (("cc-by",), "any use with credit"),
    (("cc0", "unlicense", "public domain"), "any use"),
    (("mit", "apache", "bsd", "isc"), "any use, commercial too, with the notice kept"),
    (("gpl", "agpl", "lgpl", "mpl"), "any use; what is made from it stays under the same license"),
    (("openrail",), "any use but those that it rules out"),
)


def allowed(license: str) -> str:
    """Return what a license allows, given its identifier or what a data set's page says of it; "" where not known."""
    text = " ".join(license.lower().split())
    for beginnings, uses in _ALLOWED:
        if text.startswith(beginnings):
            return uses
    if "non-commercial" in text or "noncommercial" in text or "research" in text:
        return "" if "non-commercial" in text else "research, not commerce, unless its owners agree"
    return "nothing is known to be allowed: ask its owners" if text in ("", "unknown") or "not stated" in text else ""
