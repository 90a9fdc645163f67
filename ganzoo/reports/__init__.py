"""Charts as SVG text, for a page that needs nothing else: no script, no library, colors from `ganzoo.reports.html`'s style."""
