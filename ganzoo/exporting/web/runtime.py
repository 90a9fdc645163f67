"""The files of ONNX Runtime Web that a page needs: from a folder, the cache, or the npm registry; never others."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path

from ganzoo.errors import GanzooError, HashMismatch, MissingPackage, OutputError
from ganzoo.files.cache import cache_folder
from ganzoo.files.hashing import file_sha256

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
INTEGRITY = "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
# Name in the package -> SHA-256. WebAssembly with SIMD, and the same with WebGPU.
FILES = {
    "ort.wasm.min.mjs": "219e6a1fc8a9938268d18efca3c91d310bd2f4a59bbd13744df5b2b7fc6cee3b",
    "ort-wasm-simd-threaded.mjs": "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    "ort.webgpu.min.mjs": "3dffff71811bc13a3a3d9591c57ca5ee5735b8f5f3eaf789510b02bb040ae3a0",
    "ort-wasm-simd-threaded.asyncify.mjs": "3d1c85995364bb643302fc6fd877a0c3ba5ae72401815e0f24828a53d9191e28",
    "ort-wasm-simd-threaded.asyncify.wasm": "39f9f0894d478800487ed9f7dbe92618498db320cf55c8e3d89adff8dce658da",
}
LICENSE = "LICENSE.txt"


def find(folder: Path | None = None) -> Path:
    """Return a folder with all of `FILES`.

    Args:
        folder: Where the user has them: the package's folder, or its folder "dist". None: the cache, which is filled
            from the npm registry the first time.

    Raises:
        OutputError: A file is missing from ``folder``, or the cache cannot be written.
        HashMismatch: A file is another one.
        MissingPackage: npm is not installed.
        HubError: The registry refuses, or does not answer.
    """
    if folder is not None:
        return _checked(folder / "dist" if (folder / "dist").is_dir() else folder)
    if not cached().is_dir():
        _fill(cached())
    return _checked(cached())


def cached() -> Path:
    """Return the folder in the cache, whether it is there or not."""
    return cache_folder() / "npm" / f"{PACKAGE}-{VERSION}"


def copy(source: Path, target: Path) -> None:
    """Copy the files from what `find` returned, as .js: not every server knows that .mjs is a script."""
    target.mkdir()
    for name in FILES:
        shutil.copyfile(source / name, target / name.replace(".min.mjs", ".js").replace(".mjs", ".js"))
    shutil.copyfile(Path(__file__).parent / LICENSE, target / LICENSE)


def _checked(folder: Path) -> Path:
    for name, sha256 in FILES.items():
        path = folder / name
        if not path.is_file():
            raise OutputError(f"{folder} has no {name}. Give the folder of the npm package {PACKAGE} {VERSION}.")
        if file_sha256(path) != sha256:
            raise HashMismatch(f"{path} is not that of {PACKAGE} {VERSION}. Delete {folder}, and get that version.")
    return folder


def _fill(target: Path) -> None:
    """Download the package and keep its files, all of them or none."""
    from ganzoo.hub import npm

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetching-") as work:
            try:
                archive = npm.fetch(PACKAGE, VERSION, INTEGRITY, Path(work))
            except MissingPackage as error:
                raise MissingPackage(f"{error} Or give the folder of this package: --runtime FOLDER.") from error
            files = Path(work) / "files"
            files.mkdir()
            with tarfile.open(archive) as opened:
                for name in FILES:
                    content = opened.extractfile(f"package/dist/{name}")
                    assert content is not None  # the archive is the expected one
                    with content, (files / name).open("wb") as file:
                        shutil.copyfileobj(content, file)
            if not target.is_dir():  # another process may have been faster
                files.rename(target)
    except GanzooError:
        raise
    except OSError as error:
        raise OutputError(
            f"Cannot write to {target.parent}: {error.strerror}. Set GANZOO_CACHE to a folder."
        ) from error
