"""The video formats, and how each is written."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from ganzoo.errors import MissingPackage, OutputError


@dataclass(frozen=True)
class VideoFormat:
    """How FFmpeg writes a video format.

    Attributes:
        container: FFmpeg's name of it.
        video_encoder: FFmpeg's name, as of the next one.
        audio_encoder: "" for none.
        copied_codecs: Codecs of audio and subtitles that are copied into it, because its players are known to support
            them. Separated by spaces.
        encoder_options: Of the video encoder.
        container_options: Of the container.
    """

    container: str
    video_encoder: str
    audio_encoder: str
    copied_codecs: str
    encoder_options: dict[str, str] = field(default_factory=dict)
    container_options: dict[str, str] = field(default_factory=dict)

    @property
    def needs_even_sides(self) -> bool:
        return self.video_encoder == "libx264"


# At these qualities hardly any loss is visible. The index goes first, so that a file plays while it loads. FFmpeg reads
# wrong times out of H.264 in AVI, so AVI gets MPEG-4.
_H264 = {"crf": "18", "preset": "medium"}
_VP9 = {"crf": "22", "b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1"}
_MPEG4 = {"flags": "+qscale", "global_quality": "236"}  # that is 118 times 2, of 1..31
_INDEX_FIRST = {"movflags": "+faststart"}
_MP4 = "aac mp3 ac3 eac3 alac flac opus mov_text"
_MOV = "aac mp3 ac3 eac3 alac mov_text pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_f32le"
_MKV = f"{_MOV} flac opus vorbis dts truehd subrip ass webvtt hdmv_pgs_subtitle dvd_subtitle".replace("mov_text ", "")
FORMATS = {
    ".mp4": VideoFormat("mp4", "libx264", "aac", _MP4, _H264, _INDEX_FIRST),
    ".m4v": VideoFormat("mp4", "libx264", "aac", _MP4, _H264, _INDEX_FIRST),
    ".mov": VideoFormat("mov", "libx264", "aac", _MOV, _H264, _INDEX_FIRST),
    ".mkv": VideoFormat("matroska", "libx264", "aac", _MKV, _H264),
    ".webm": VideoFormat("webm", "libvpx-vp9", "libopus", "opus vorbis webvtt", _VP9),
    ".avi": VideoFormat("avi", "mpeg4", "libmp3lame", "mp3 ac3 pcm_s16le pcm_u8", _MPEG4),
    ".gif": VideoFormat("gif", "gif", "", ""),
}
VIDEO_SUFFIXES = tuple(FORMATS)


def is_video_path(path: str | os.PathLike[str]) -> bool:
    """Tell by the suffix alone; the file need not exist."""
    return Path(path).suffix.lower() in FORMATS


def find_format(path: Path) -> VideoFormat:
    """Return how a video with this suffix is written. Raises OutputError where the suffix is not a video format."""
    if not is_video_path(path):
        raise OutputError(
            f"'{path.suffix}' is not a video format that can be written. Choose one of {' '.join(VIDEO_SUFFIXES)}."
        )
    return FORMATS[path.suffix.lower()]


def require_pyav() -> None:
    """Raise MissingPackage where PyAV is not installed."""
    try:
        import av  # noqa: F401
    except ImportError as error:
        raise MissingPackage.of("Video", "PyAV", "video") from error


def require_encoder(video_format: VideoFormat) -> None:
    """Raise MissingPackage where PyAV is not installed, OutputError where it cannot write this format."""
    require_pyav()
    import av

    if video_format.video_encoder not in av.codecs_available:
        raise OutputError(
            f"This build of PyAV has no encoder '{video_format.video_encoder}'. Install the one from PyPI: "
            "pip install --force-reinstall --only-binary av av"
        )
