"""Run the notebooks of docs/notebooks and store their outputs.

pip install -e '.[docs]'
python scripts/notebooks.py             run all and store what they show
python scripts/notebooks.py --check     run all and store nothing
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbclient
import nbformat

FOLDER = Path(__file__).parent.parent / "docs" / "notebooks"
TIMEOUT = 600  # seconds of a cell


def main() -> None:
    """Run every notebook, or those that are named."""
    names = [name for name in sys.argv[1:] if not name.startswith("-")]
    for path in sorted(FOLDER.glob("*.ipynb")):
        if not names or path.stem in names:
            notebook = run(path)
            if "--check" not in sys.argv:
                nbformat.write(notebook, path)
            print(path)


def run(path: Path) -> Any:
    """Return a notebook with its outputs. Raises CellExecutionError where a cell fails."""
    notebook = nbformat.read(path, as_version=4)
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    client = nbclient.NotebookClient(
        notebook, timeout=TIMEOUT, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
    return cleaned(notebook)


def cleaned(notebook: Any) -> Any:
    """Return the notebook without times of execution, names of temporary folders, stderr, and images stored twice."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if "outputs" in cell:
            cell.outputs = [one for one in cell.outputs if one.get("name") != "stderr"]
            for output in cell.outputs:
                if "image/png" in output.get("data", {}):
                    output.data.pop("image/jpeg", None)  # the same image once more
            text = re.sub(re.escape(tempfile.gettempdir()) + r"/tmp\w+", "work", json.dumps(cell.outputs))
            cell.outputs = [nbformat.from_dict(one) for one in json.loads(text)]
    return notebook


if __name__ == "__main__":
    main()
