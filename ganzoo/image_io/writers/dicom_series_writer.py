"""Rasters -> a folder of DICOM: a volume that was read from the files of a series becomes one new, derived series."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from ganzoo.contracts.writer import OpenFile, OutputSpec, Writer
from ganzoo.errors import OutputError
from ganzoo.image_io.readers.dicom_series import SeriesFiles
from ganzoo.image_io.writers.dicom_writer import DicomFile, DicomWriter
from ganzoo.image_io.writers.spool import as_output_errors

SUFFIX = ".dcm"
SHOWN = 16  # slices by whose values the window of all is chosen


class DicomSeriesWriter(Writer):
    """Writer of folders, by pydicom, for output of a folder with a series."""

    formats: ClassVar[tuple[str, ...]] = ("dicom",)
    packages: ClassVar[tuple[str, ...]] = ("pydicom",)
    extra: ClassVar[str] = "medical"
    folders: ClassVar[bool] = True

    def check(self, spec: OutputSpec) -> None:
        """Refuse output of anything but a whole series, and what DICOM does not hold."""
        files = None if spec.template is None else spec.template.metadata.get("series")
        if files is None:
            raise OutputError("A folder of DICOM needs a folder with a series as its input. Write to a file.")
        if spec.frames != len(files.paths):
            raise OutputError(
                f"A series has all of its {len(files.paths)} slices, not {spec.frames}. Omit --frames, or write .tif."
            )
        DicomWriter().check(replace(spec, frames=1))

    def open(self, path: str, spec: OutputSpec) -> OpenFile:
        """Begin a folder. Raises OutputError where it holds something already."""
        folder = Path(path)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise OutputError(f"Cannot write the series to {path}: it is not empty. Give the name of a new folder.")
        return DicomSeriesFile(path, spec)


class DicomSeriesFile(DicomFile):
    """A series that is being written: its slices appear together."""

    def close(self) -> None:
        """Write all slices into a hidden folder, and give it its name."""
        target = Path(os.path.realpath(self.path))
        hidden = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            with as_output_errors(self.path):
                hidden.mkdir(parents=True)
                self.encode(hidden)
                if target.exists():
                    target.rmdir()
                os.rename(hidden, target)
        finally:
            shutil.rmtree(hidden, ignore_errors=True)
            self.discard()

    def encode(self, path: Path) -> None:
        """Write each slice, as derived from its own file."""
        assert self.spec.template is not None
        files: SeriesFiles = self.spec.template.metadata["series"]
        some = range(0, self.spec.frames, max(1, self.spec.frames // SHOWN))
        shown = self._shown(self._values(some)) if self.spec.shape[0] == 1 else None
        for frame, name in enumerate(_names(files)):
            own = files.slice(frame)
            same = {"padding": self.spec.template.metadata["padding"]}
            template = replace(own, metadata={**own.metadata, **same})
            file = DicomFile(str(path / name), replace(self.spec, frames=1, template=template))
            file.shown = shown
            with file:
                file.write_window(0, 0, self._values(range(frame, frame + 1))[0])


def _names(files: SeriesFiles) -> list[str]:
    """Return the names of the files, each with the suffix of DICOM; numbers where two would be the same."""
    names = [Path(path).name for path in files.paths]
    named = [name if name.lower().endswith(SUFFIX) else name + SUFFIX for name in names]
    return named if len(set(named)) == len(named) else [f"{number + 1:04}{SUFFIX}" for number in range(len(named))]
