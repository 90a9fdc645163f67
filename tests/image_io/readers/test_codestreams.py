"""What compressed pixels declare is read before they are decoded."""

from __future__ import annotations

import io

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from ganzoo.image_io.readers.codestreams import check, declared_size

GRAY = (np.arange(35).reshape(5, 7) * 37 % 4096).astype(np.uint16)


def jpeg(**options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray((GRAY % 256).astype(np.uint8)).save(file, "JPEG", **options)
    return file.getvalue()


STREAMS = {
    "jpeg": jpeg(),
    "progressive": jpeg(progressive=True, comment=b"\xff\xc0 not a marker"),
    "lossless": imagecodecs.ljpeg_encode(GRAY),
    "jpeg-ls": imagecodecs.jpegls_encode(GRAY),
    "jpeg2000": imagecodecs.jpeg2k_encode(GRAY, reversible=True, codecformat="j2k"),
    "jp2": imagecodecs.jpeg2k_encode(GRAY, reversible=True, codecformat="jp2"),
}


@pytest.mark.parametrize("kind", STREAMS)
def test_sizes_are_read_without_decoding(kind: str) -> None:
    assert declared_size(STREAMS[kind]) == (5, 7)
    check(STREAMS[kind], 35)
    check(STREAMS[kind] + b"\0", 35)  # DICOM pads to an even length
    with pytest.raises(ValueError, match="its compressed pixels declare 7x5, more than the file does"):
        check(STREAMS[kind], 34)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"\xff\xd8\xff", b"\xff" * 50, b"\x89PNG", b"\xff\x4f\xff\x51"])
def test_what_declares_nothing_is_left_to_its_decoder(data: bytes) -> None:
    assert declared_size(data) in (None, (0, 0))
    check(data, 1)


def test_jpeg_ls_without_an_end_is_refused_because_its_decoder_may_never_end() -> None:
    with pytest.raises(ValueError, match="truncated"):
        check(STREAMS["jpeg-ls"][:-4], 35)
    check(STREAMS["jpeg"][:-4], 35)
