import dataclasses
import io
import subprocess
import sys
import threading
from pathlib import Path

import moving
import numpy as np
import pytest
from needs import needs
from PIL import Image

from ganzoo.errors import ImageError, MissingPackage, OutputError
from ganzoo.image_io.video import queues, reader
from ganzoo.image_io.video.formats import VIDEO_SUFFIXES, is_video_path
from ganzoo.image_io.video.queues import BoundedQueue
from ganzoo.image_io.video.temporal_smoothing import flicker
from ganzoo.image_io.video.translation import translate_video

av = moving.av


def same(picture):
    return picture


def inverted(picture):
    return dataclasses.replace(picture, rgb=255 - picture.rgb)


def psnr(one, other):
    return 10 * np.log10(255**2 / np.mean(np.square(np.subtract(one, other, dtype=np.float64)), dtype=np.float64))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def clip(tmp_path):
    """Two seconds in MP4, its index first, so that a part of it can be read as well."""
    (tmp_path / "in").mkdir()
    noise = np.random.default_rng(0).integers(0, 30, (48, 64, 1), np.uint8)
    frames = [np.roll(noise, n, 1) + frame // 2 for n, frame in enumerate(moving.scene(50))]
    return moving.write(tmp_path / "in" / "clip.mp4", frames, container={"movflags": "+faststart"})


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


# ---- pictures and times ----------------------------------------------------------------------------------------------


def test_kinds_are_reported_by_suffix_without_pyav_or_torch():
    code = (
        "import sys; from ganzoo.image_io.video.formats import is_video_path as f; "
        "assert f('a/B.MP4') and f('x.webm') and not f('x.png') and not f('mp4'); "
        "assert not {'av', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert all(is_video_path(f"x{suffix}") for suffix in VIDEO_SUFFIXES)


@pytest.mark.parametrize("suffix", VIDEO_SUFFIXES)
def test_every_kind_keeps_images_and_times(suffix, clip, out):
    assert translate_video(clip, out / f"x{suffix}", same) == 50
    assert names(out) == [f"x{suffix}"]
    before, after = moving.frames(clip), moving.frames(out / f"x{suffix}")
    assert [time for time, _ in after] == pytest.approx([time for time, _ in before], abs=1e-3)
    assert min(psnr(a, b) for (_, a), (_, b) in zip(before, after, strict=True)) > 32
    again = out / f"again{suffix}"
    assert translate_video(out / f"x{suffix}", again, inverted) == 50  # what is written can be read
    assert min(psnr(255 - a, b) for (_, a), (_, b) in zip(before, moving.frames(again), strict=True)) > 28


@pytest.mark.parametrize("suffix", VIDEO_SUFFIXES)
def test_variable_frame_rates_stay(suffix, tmp_path):
    times = [0, 512, 1024, 2560, 3072, 6144, 12800, 13312]
    clip = moving.write(tmp_path / "a.mp4", moving.scene(8), times=times)
    translate_video(clip, tmp_path / f"b{suffix}", same)
    found = [time for time, _ in moving.frames(tmp_path / f"b{suffix}")]
    assert found == pytest.approx([time / moving.TICKS for time in times], abs=1e-3)


@pytest.mark.parametrize("suffix", [".gif", ".mp4", ".mov", ".webm"])
def test_the_last_image_lasts_as_long_as_before(suffix, tmp_path):
    frames = [Image.fromarray(frame) for frame in moving.scene(12)]
    durations = [100] * 10 + [2000, 3000]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=durations)
    translate_video(tmp_path / "a.gif", tmp_path / f"b{suffix}", same)
    with av.open(tmp_path / f"b{suffix}") as file:
        assert file.duration == pytest.approx(6e6, abs=2e4)
        assert [round(1000 * f.duration * f.time_base) for f in file.decode(video=0)] == durations


def test_gif_leaves_out_what_browsers_would_slow_down(tmp_path):
    times = [128 * n for n in range(40)]  # 100 a second
    clip = moving.write(tmp_path / "a.mp4", moving.scene(40), times=times)
    assert translate_video(clip, tmp_path / "b.gif", same) == 20
    assert [time for time, _ in moving.frames(tmp_path / "b.gif")] == pytest.approx([n / 50 for n in range(20)])


def test_gif_keeps_transparency_and_others_put_it_on_white(tmp_path):
    frames = [Image.new("RGBA", (16, 16), (200, 30, 30, 255)) for _ in range(2)]
    for n, frame in enumerate(frames):
        frame.paste((0, 0, 0, 0), (0, 0, 8, 8 + n))
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=100, disposal=2)
    seen = []
    translate_video(tmp_path / "a.gif", tmp_path / "b.gif", lambda picture: seen.append(picture) or picture)
    assert [(picture.alpha == 0).sum() for picture in seen] == [64, 72]
    with Image.open(tmp_path / "b.gif") as written:
        for n in range(2):
            written.seek(n)
            pixels = np.asarray(written.convert("RGBA"))
            np.testing.assert_array_equal(pixels[..., 3], seen[n].alpha)
            assert tuple(pixels[12, 12]) == (200, 30, 30, 255)
    translate_video(tmp_path / "a.gif", tmp_path / "b.mp4", same)
    assert moving.frames(tmp_path / "b.mp4")[0][1][:6, :6].min() > 245


@pytest.mark.parametrize(("degrees", "mirrored"), [(90, False), (-90, False), (180, False), (0, True), (90, True)])
def test_phones_held_on_their_side_give_upright_images(degrees, mirrored, tmp_path):
    frame = next(moving.scene(1, 48, 80))
    clip = moving.write(tmp_path / "a.mp4", [frame] * 3, rotation=degrees, mirrored=mirrored)
    seen = []
    translate_video(clip, tmp_path / "b.mp4", lambda picture: seen.append(picture.rgb) or picture)
    upright = np.rot90(frame, degrees // 90)
    upright = upright[:, ::-1] if mirrored else upright
    assert psnr(seen[0], upright) > 35
    with av.open(tmp_path / "b.mp4") as file:
        written = next(file.decode(video=0))
    assert written.rotation == 0 and (written.height, written.width) == upright.shape[:2]


@pytest.mark.parametrize(
    ("suffix", "size"), [(".webm", (47, 63)), (".gif", (47, 63)), (".avi", (47, 63)), (".mp4", (48, 64))]
)
def test_odd_sides(suffix, size, tmp_path):
    clip = moving.write(tmp_path / "a.mkv", moving.scene(5, 47, 63))  # 4:4:4, which may be odd
    translate_video(clip, tmp_path / f"b{suffix}", same)
    written, before = moving.frames(tmp_path / f"b{suffix}")[2][1], moving.frames(clip)[2][1]
    assert written.shape[:2] == size
    assert psnr(written[:47, :63], before) > 28
    assert psnr(written[-1, :63], before[-1]) > 26


def colors(rgb):
    """The mean color of each third, away from its edges, where 4:2:0 mixes them."""
    return np.stack([rgb[8:40, left + 8 : left + 24].mean((0, 1)) for left in (0, 32, 64)])


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", [1, 5])
@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".avi"])
def test_colors_stay(suffix, matrix, full, tmp_path):
    flag = np.empty((48, 96, 3), np.uint8)
    flag[:, :32], flag[:, 32:64], flag[:, 64:] = (220, 30, 40), (20, 200, 60), (240, 240, 240)
    clip = moving.write(tmp_path / "a.mp4", [flag] * 4, matrix=matrix, full=full, pixels="yuv420p")
    seen = []
    translate_video(clip, tmp_path / f"b{suffix}", lambda picture: seen.append(picture.rgb) or picture)
    translate_video(tmp_path / f"b{suffix}", tmp_path / "c.gif", lambda picture: seen.append(picture.rgb) or picture)
    for rgb in (seen[2], seen[6]):
        np.testing.assert_allclose(
            colors(rgb), colors(flag), atol=5
        )  # FFmpeg versions round by 4; the other matrix is off by 14
    with av.open(tmp_path / f"b{suffix}") as file:
        frame = next(file.decode(video=0))
        assert suffix == ".avi" or (frame.colorspace, frame.color_range) == (matrix, 1 + full)  # AVI cannot say it


def test_nothing_gets_darker(tmp_path):
    with Image.open(Path(__file__).parents[3] / "examples" / "horses.jpg") as photograph:
        frame = np.asarray(photograph.resize((320, 240)))
    clip = moving.write(tmp_path / "a.mp4", [frame] * 3, pixels="yuv420p")
    seen = []
    for source, target in (("a.mp4", "b.mp4"), ("b.mp4", "c.mp4"), ("c.mp4", "d.gif")):
        translate_video(clip.with_name(source), clip.with_name(target), lambda p: seen.append(p.rgb) or p)
    np.testing.assert_allclose(seen[6].mean((0, 1)), seen[0].mean((0, 1)), atol=0.5)  # 2, by swscale's usual way


def test_translators_may_enlarge(clip, out):
    def twice(picture):
        return dataclasses.replace(picture, rgb=picture.rgb.repeat(2, 0).repeat(2, 1))

    translate_video(clip, out / "x.mp4", twice, temporal_smoothing=0.5)
    assert moving.frames(out / "x.mp4")[0][1].shape == (96, 128, 3)


def test_steadying_lowers_flicker(tmp_path):
    still = next(moving.scene(1))
    clip = moving.write(tmp_path / "a.mp4", [still] * 20)
    random = np.random.default_rng(0)

    def flickering(picture):
        return dataclasses.replace(picture, rgb=(picture.rgb // 2 + random.integers(0, 60)).astype(np.uint8))

    found = []
    for steady in (0, 0.8):
        translate_video(clip, tmp_path / "b.mp4", flickering, temporal_smoothing=steady)
        found.append(flicker([still] * 20, [frame for _, frame in moving.frames(tmp_path / "b.mp4")]))
    assert found[1] < 0.4 * found[0]


# ---- sound and subtitles ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "codings"),
    [
        (".mp4", ["aac", "opus", "aac"]),
        (".mov", ["aac", "aac", "pcm_s16le"]),
        (".mkv", ["aac", "opus", "pcm_s16le"]),
        (".webm", ["opus", "opus", "opus"]),
        (".avi", ["mp3float", "mp3float", "pcm_s16le"]),
        (".gif", []),
    ],
)
def test_all_sound_is_kept(suffix, codings, tmp_path):
    clip = moving.write(tmp_path / "a.mkv", moving.scene(40), sound=["aac", "libopus", "pcm_s16le"])
    translate_video(clip, tmp_path / f"b{suffix}", same)
    found = moving.loudness(tmp_path / f"b{suffix}")
    assert [coding for coding, _, _ in found] == codings
    assert [hertz for _, _, hertz in found] == pytest.approx([300, 600, 900][: len(codings)], abs=2)
    assert all(1.58 < seconds < 1.70 for _, seconds, _ in found)


def test_copied_sound_is_the_same_to_the_byte_and_keeps_its_language(tmp_path):
    clip = moving.write(tmp_path / "a.mkv", moving.scene(20), sound=["aac"], language="fra")
    translate_video(clip, tmp_path / "b.mkv", same)
    packets = []
    for name in ("a.mkv", "b.mkv"):
        with av.open(tmp_path / name) as file:
            assert file.streams.audio[0].language == "fra"
            packets.append([(bytes(packet), packet.pts) for packet in file.demux(audio=0) if packet.size])
    assert packets[0] == packets[1] and len(packets[0]) > 30


def test_sound_that_goes_on_after_the_last_image_is_whole(tmp_path):
    clip = moving.write(tmp_path / "a.mkv", moving.scene(5), sound=["aac"], seconds=6)
    translate_video(clip, tmp_path / "b.mp4", same)
    assert moving.loudness(tmp_path / "b.mp4")[0][1] == pytest.approx(6, abs=0.1)


@pytest.mark.parametrize(("suffix", "kept"), [(".mkv", [b"one", b"two"]), (".mp4", [])])
def test_subtitles_stay_where_the_container_holds_them(suffix, kept, tmp_path):
    clip = moving.write(tmp_path / "a.mkv", moving.scene(30), subtitles=["one", "two"])
    translate_video(clip, tmp_path / f"b{suffix}", same)
    with av.open(tmp_path / f"b{suffix}") as file:
        found = [bytes(packet) for packet in file.demux() if packet.stream.type == "subtitle" and packet.size]
    assert found == kept


# ---- what goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.3, 0.95])
def test_a_video_that_breaks_off_is_kept_under_another_name_and_reported(share, clip, out):
    data = clip.read_bytes()
    clip.write_bytes(data[: int(len(data) * share)])
    (out / "x.mp4").write_text("from before")
    with pytest.raises(
        ImageError, match=r"clip.mp4 is damaged at \d\.\d\d of 2.00 s. The (\d+) frames that could be decoded"
    ) as e:
        translate_video(clip, out / "x.mp4", same)
    assert names(out) == ["x.mp4", "x.partial.mp4"]
    assert (out / "x.mp4").read_text() == "from before"
    count = len(moving.frames(out / "x.partial.mp4"))
    assert (
        f" {count} frames that could be decoded are in {out / 'x.partial.mp4'}. Use that file, or get a complete copy"
        in str(e.value)
    )
    assert count == pytest.approx(50 * share, abs=5)


@pytest.mark.parametrize("suffix", [".mkv", ".webm", ".gif"])
def test_other_kinds_that_break_off_are_reported_too(suffix, clip, out):
    translate_video(clip, out / f"a{suffix}", same)
    data = (out / f"a{suffix}").read_bytes()
    for share in (0.4, 0.6, 0.8):
        (out / f"a{suffix}").write_bytes(data[: int(len(data) * share)])
        with pytest.raises(ImageError, match=r"is damaged at [01]\.\d\d of"):
            translate_video(out / f"a{suffix}", out / "x.mp4", same)
    assert names(out) == [f"a{suffix}", "x.partial.mp4"]


@pytest.mark.parametrize("damage", [bytes(100), np.random.default_rng(1).bytes(400)])
def test_damage_in_the_middle_does_not_hide_the_rest(damage, clip, out):
    data = bytearray(clip.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(damage)] = damage
    clip.write_bytes(data)
    with pytest.raises(ImageError, match=r"is damaged at (0\.[89]|1\.[0-4])\d of 2.00 s"):
        translate_video(clip, out / "x.mp4", same)
    assert moving.frames(out / "x.partial.mp4")[-1][0] == pytest.approx(1.96)


def hollow(path):
    """A GIF of 65535x65535 pixels, which no decoder takes."""
    size, colors = b"\xff\xff\xff\xff", b"\0\0\0\xff\xff\xff"
    path.write_bytes(b"GIF89a" + size + b"\x80\0\0" + colors + b",\0\0\0\0\1\0\1\0\0\2\2\x44\1\0;")


def sound_with_a_cover(path):
    moving.need_new_pyav()
    with av.open(path, "w", format="mp4") as file:
        stream, cover = file.add_stream("aac", 48000), file.add_mux_stream("mjpeg", width=16, height=16)
        cover.disposition = av.stream.Disposition.attached_pic.value
        for part in moving.tone(300, 0.1):
            file.mux(stream.encode(part))
        file.mux(stream.encode())
        picture = io.BytesIO()
        Image.new("RGB", (16, 16)).save(picture, "JPEG")
        packet = av.Packet(picture.getvalue())
        packet.stream, packet.pts, packet.dts = cover, 0, 0
        file.mux(packet)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.mkdir(), "is a folder, not a video"),
        (lambda path: None, "No file "),
        (lambda path: path.write_bytes(b""), "is not a video that can be read"),
        (lambda path: path.write_text("hello"), "is not a video that can be read"),
        (lambda path: Image.new("RGB", (8, 8)).save(path, "PNG"), "is not a video that can be read"),
        (
            lambda path: path.write_text("#EXTM3U\n#EXTINF:1,\nother.mp4\n#EXT-X-ENDLIST\n"),
            "is not a video that can be read",
        ),
        (hollow, "has no frame that can be decoded"),
        (sound_with_a_cover, "has no video stream"),
    ],
)
def test_what_is_no_video_is_one_clear_error(make, message, tmp_path, out):
    make(tmp_path / "a.mkv")
    with pytest.raises(ImageError, match=message) as caught:
        translate_video(tmp_path / "a.mkv", out / "x.mp4", same)
    assert "a.mkv" in str(caught.value)
    assert names(out) == []


def test_too_large_images_are_refused_before_they_are_decoded(monkeypatch, clip, out):
    monkeypatch.setattr(reader, "MAX_PIXELS", 3000)
    with pytest.raises(ImageError, match="has 64x48 pixels, more than the limit of 3000"):
        translate_video(clip, out / "x.mp4", same)


class Interrupting:
    """A translator that stops at its tenth picture."""

    def __init__(self, how):
        self.how, self.count = how, 0

    def __call__(self, picture):
        self.count += 1
        return self.how(picture) if self.count == 10 else picture


def smaller(picture):
    return dataclasses.replace(picture, rgb=picture.rgb[2:])


def interrupt(picture):
    raise KeyboardInterrupt  # a signal would reach whatever runs the tests


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        (lambda picture: 1 / 0, ZeroDivisionError, "division"),
        (interrupt, KeyboardInterrupt, "^$"),
        (smaller, OutputError, "the first frame is 64x48, a later one 64x46"),
    ],
)
def test_a_failure_in_the_middle_leaves_nothing_behind(how, error, message, clip, out):
    threads = threading.active_count()
    with pytest.raises(error, match=message):
        translate_video(clip, out / "x.mp4", Interrupting(how), temporal_smoothing=0.5)
    assert names(out) == []
    assert threading.active_count() == threads


def test_a_full_disk_is_named(clip, out):
    code = (
        "import resource, sys; from ganzoo.errors import OutputError; "
        "from ganzoo.image_io.video.translation import translate_video\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\n"
        "try: translate_video(sys.argv[1], sys.argv[2], lambda picture: picture)\n"
        "except OutputError as error: print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", code, clip, out / "x.mp4"], capture_output=True, text=True, check=True)
    assert f"Cannot write {out / 'x.mp4'}: File too large. Choose a folder that has space" in ran.stdout
    assert names(out) == []


@pytest.mark.parametrize("target", ["x.txt", "x"])
def test_unknown_targets_are_refused_at_once(target, tmp_path):
    with pytest.raises(OutputError, match=r"is not a video format that can be written. Choose one of .mp4 .m4v"):
        translate_video(tmp_path / "none.mp4", tmp_path / target, same)


def test_the_extra_is_named_where_pyav_is_missing(monkeypatch, clip, out):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingPackage, match=r"Install it: pip install 'ganzoo-core\[video\]'"):
        translate_video(clip, out / "x.mp4", same)


def test_a_video_may_be_replaced_by_its_translation(clip):
    before = moving.frames(clip)
    translate_video(clip, clip, inverted)
    assert psnr(moving.frames(clip)[20][1], 255 - before[20][1]) > 30
    assert names(clip.parent) == ["clip.mp4"]


# ---- threads and memory ----------------------------------------------------------------------------------------------


def test_progress_is_reported_after_every_image(clip, out):
    logged = []
    translate_video(clip, out / "x.webm", same, progress=lambda *counts: logged.append(counts))
    assert logged == [(n, 50) for n in range(1, 51)]
    logged.clear()
    translate_video(out / "x.webm", out / "y.mp4", same, progress=lambda *counts: logged.append(counts))
    assert logged[-1] == (50, 50)  # WebM states its seconds only


def test_images_are_translated_in_order_by_the_callers_thread(clip, out):
    threads, positions = set(), []

    def noting(picture):
        threads.add(threading.current_thread())
        positions.append(len(positions))
        return dataclasses.replace(picture, rgb=np.full_like(picture.rgb, 4 * positions[-1]))

    translate_video(clip, out / "x.mp4", noting)
    assert threads == {threading.current_thread()}
    shades = [frame.mean() for _, frame in moving.frames(out / "x.mp4")]
    assert shades == pytest.approx([4 * n for n in positions], abs=3)


def test_decoding_goes_on_while_a_image_is_translated_but_not_far(clip, out, monkeypatch):
    decoded, full = [], threading.Event()
    convert = reader.VideoReader._convert

    def counting(self, frame):
        decoded.append(frame.pts)
        if len(decoded) == queues.AHEAD + 2:  # one is in translation, one is about to be put
            full.set()
        return convert(self, frame)

    monkeypatch.setattr(reader.VideoReader, "_convert", counting)
    most = []

    def slow(picture):
        if not most:
            assert full.wait(10)
        most.append(len(decoded) - len(most))
        return picture

    translate_video(clip, out / "x.mp4", slow)
    assert max(most) <= queues.AHEAD + 2


def test_a_queue_keeps_order_and_passes_errors_on_both_ways():
    queue = BoundedQueue()
    thread = threading.Thread(target=queue.fill, args=(iter(range(100)),))
    thread.start()
    assert list(queue) == list(range(100))
    thread.join()

    def failing():
        yield 1
        raise ValueError("made badly")

    queue = BoundedQueue()
    queue.fill(failing())
    with pytest.raises(ValueError, match="made badly"):
        list(queue)

    def use(items):
        next(items)
        raise ValueError("used badly")

    queue = BoundedQueue()
    thread = threading.Thread(target=queue.drain, args=(use,))
    thread.start()
    with pytest.raises(ValueError, match="used badly"):
        for n in range(100):
            queue.put(n)
    thread.join()


def test_a_queue_that_ends_with_an_error_lets_nothing_in_or_out():
    queue = BoundedQueue()
    queue.put(1)
    queue.end(ValueError("another thread failed"))
    for use in (lambda: queue.put(2), lambda: next(iter(queue))):
        with pytest.raises(ValueError, match="another thread failed"):
            use()


PEAK = """
import sys
from pathlib import Path
from ganzoo.image_io.video.translation import translate_video
count = translate_video(sys.argv[1], sys.argv[2], lambda picture: picture, temporal_smoothing=0.5)
print(count, *(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line))
"""


@needs(Path("/proc/self/status").exists(), "the peak is read from /proc")
@pytest.mark.slow
def test_memory_does_not_grow_with_the_length(tmp_path):
    peaks = {}
    for length in (60, 600):
        clip = moving.write(tmp_path / "a.mp4", moving.scene(length, 144, 256), pixels="yuv420p", sound=["aac"])
        command = [sys.executable, "-c", PEAK, clip, tmp_path / "b.mp4"]
        count, peak = map(int, subprocess.run(command, capture_output=True, check=True).stdout.split())
        assert count == length
        peaks[length] = peak
    assert peaks[600] < peaks[60] + 15_000  # KiB; the pictures that are more are 58 thousand
