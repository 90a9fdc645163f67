"""Which kinds of video there are, and how each is written."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Kind:
    """How FFmpeg writes a container: its name there, the encoders of pictures and of sound, and their options.

    ``holds``: the codings of sound and subtitles that are copied into it, which its players are known to take.
    """

    container: str
    pictures: str
    sound: str
    holds: str
    options: dict[str, str] = field(default_factory=dict)
    container_options: dict[str, str] = field(default_factory=dict)


# At these qualities hardly any loss is seen. The index goes first, so that a file plays while it loads. FFmpeg reads
# wrong times out of H.264 in AVI, so that gets MPEG-4.
_H264 = {"crf": "18", "preset": "medium"}
_VP9 = {"crf": "22", "b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1"}
_MPEG4 = {"flags": "+qscale", "global_quality": "236"}  # that is 118 times 2, of 1..31
_INDEX_FIRST = {"movflags": "+faststart"}
_MP4 = "aac mp3 ac3 eac3 alac flac opus mov_text"
_MOV = "aac mp3 ac3 eac3 alac mov_text pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_f32le"
_MKV = f"{_MOV} flac opus vorbis dts truehd subrip ass webvtt hdmv_pgs_subtitle dvd_subtitle".replace("mov_text ", "")
KINDS = {
    ".mp4": Kind("mp4", "libx264", "aac", _MP4, _H264, _INDEX_FIRST),
    ".m4v": Kind("mp4", "libx264", "aac", _MP4, _H264, _INDEX_FIRST),
    ".mov": Kind("mov", "libx264", "aac", _MOV, _H264, _INDEX_FIRST),
    ".mkv": Kind("matroska", "libx264", "aac", _MKV, _H264),
    ".webm": Kind("webm", "libvpx-vp9", "libopus", "opus vorbis webvtt", _VP9),
    ".avi": Kind("avi", "mpeg4", "libmp3lame", "mp3 ac3 pcm_s16le pcm_u8", _MPEG4),
    ".gif": Kind("gif", "gif", "", ""),
}
SUFFIXES = tuple(KINDS)


def is_video_path(path: str | os.PathLike[str]) -> bool:
    """Tell by the suffix."""
    return Path(path).suffix.lower() in KINDS
