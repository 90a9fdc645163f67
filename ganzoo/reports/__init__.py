"""Self-contained HTML pages, and charts as SVG text for them: no script, no other file."""
