"""Add up JUnit reports of pytest: ``python scripts/totals.py REPORT.xml...`` ends as pytest does, in one line."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree


def totals(reports: list[Path]) -> Counter[str]:
    """Return how many tests passed, failed, were skipped, and ended in errors; a report that is missing is an error."""
    found: Counter[str] = Counter()
    for report in reports:
        if not report.is_file():
            found["errors"] += 1
            continue
        for suite in ElementTree.parse(report).getroot().iter("testsuite"):
            ran, failed, errors, skipped = (
                int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")
            )
            found += Counter(passed=ran - failed - errors - skipped, failed=failed, errors=errors, skipped=skipped)
    return found


def line(found: Counter[str]) -> str:
    """Return "3 passed, 0 failed, 1 skipped", with errors where there are some."""
    errors = [f"{found['errors']} error{'s' * (found['errors'] > 1)}"] if found["errors"] else []
    return ", ".join([f"{found['passed']} passed", f"{found['failed']} failed", *errors, f"{found['skipped']} skipped"])


if __name__ == "__main__":
    found = totals([Path(each) for each in sys.argv[1:]])
    print(line(found))
    sys.exit(1 if found["failed"] or found["errors"] or not found["passed"] else 0)
