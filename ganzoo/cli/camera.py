"""`ganzoo translate --camera`: a camera's frames, translated as they come."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.cli import output_paths
from ganzoo.cli.echo import echo

if TYPE_CHECKING:
    from ganzoo.batch.jobs import Work
    from ganzoo.image_io.video.camera import LiveState


def target_of(output: str | None, ref: str) -> str:
    """Return the file to write: the user's, or a new name."""
    return output or output_paths.unused(f"camera-{output_paths.model_part(ref)}", ".mp4")


def translate_camera(work: Work, camera: str, target: str, seconds: float) -> None:
    """Translate until the camera ends, ``seconds`` are over, or Ctrl-C; say how fast."""
    from ganzoo.cli.progress import progress_display
    from ganzoo.image_io.video.camera import translate_camera

    with progress_display() as display:
        model = work.open(display.note)
        display.stage(f"Translating camera {camera}; Ctrl-C ends it")

        def show(state: LiveState) -> None:
            elapsed = state.frames / state.rate
            display.share(min(elapsed / seconds, 1.0) if seconds else 0.0, describe(state))

        state = translate_camera(
            camera,
            Path(target),
            lambda image: model.translate_decoded(image, work.settings),
            seconds=seconds,
            temporal_smoothing=work.temporal_smoothing,
            on_frame=show,
        )
    echo(f"{target}: {state.frames} frames, {describe(state)}")


def describe(state: LiveState) -> str:
    """Return a state in words."""
    return f"{state.rate:.1f} per second, latency {1000 * state.latency:.0f} ms, {state.dropped} late ones dropped"
