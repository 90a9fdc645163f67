"""A virtual environment with third-party packages installed by pip, and a folder that has nothing to do with either.

The environment sees the libraries of the running one, so that torch is not installed again, and this checkout.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ROOT / "tests" / "third_party"


class Environment:
    """A virtual environment with packages of tests/third_party.

    Attributes:
        work: The working folder of every command.
        python: The environment's interpreter.
        wheels: Of the packages, in their order.
    """

    def __init__(self, folder: Path, *packages: str) -> None:
        self.work = folder / "work"
        self.work.mkdir(parents=True)
        self.python = folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
        self.run(sys.executable, "-m", "venv", "--without-pip", folder / "env")
        (site,) = (folder / "env").rglob("site-packages")
        # addsitedir, because a plain path would leave out the .pth files there, which editable installs live by
        ours = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
        lines = [str(ROOT), str(ROOT / "plugins"), *(f"import site; site.addsitedir({path!r})" for path in ours)]
        (site / "running.pth").write_text("\n".join([*lines, ""]))
        self.wheels: list[Path] = []
        if packages:
            self._install(folder, packages)

    def _install(self, folder: Path, packages: tuple[str, ...]) -> None:
        for name in packages:
            shutil.copytree(PACKAGES / name, folder / "source" / name)  # building leaves files behind
        pip, wheels = (self.python, "-m", "pip", "--disable-pip-version-check"), folder / "wheels"
        sources = [folder / "source" / name for name in packages]
        self.run(*pip, "wheel", "-q", "--no-build-isolation", "--no-deps", "-w", wheels, *sources)
        self.wheels = [next(wheels.glob(f"{name.replace('-', '_')}-*.whl")) for name in packages]
        self.run(*pip, "install", "-q", "--no-deps", "--no-index", *self.wheels)

    def ganzoo(self, *arguments: object, **more: str) -> str:
        """Run the command line, which must succeed; return what it printed."""
        return self.run(self.python, "-m", "ganzoo", *arguments, **more)

    def run(self, *command: object, **more: str) -> str:
        """Run a command in the working folder, which must succeed; return what it printed."""
        done = self.attempt(*command, **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def attempt(self, *command: object, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the working folder, with further environment variables, and return how it ended."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | more
        return subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, cwd=self.work, env=environment, timeout=300
        )
