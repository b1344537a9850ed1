"""Images of one's own: files, drawings, folders, checkpoints, good and bad."""

from __future__ import annotations

import base64
import zipfile
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from xai import data, images
from xai.datasets.drawing import centre_digit
from xai.models import MODELS

Visit = Callable[..., AppTest]
Run = Callable[[AppTest], AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]

DIGITS = {"data": "mnist", "model": "lenet5-mnist"}
PHOTOS = {"data": "photos", "layer": "stem.act"}


def picture(kind: str = "JPEG", mode: str = "RGB", size: tuple[int, int] = (320, 240)) -> bytes:
    """Return the bytes of a file with a soft pattern."""
    rows, columns = np.mgrid[: size[1], : size[0]]
    waves = [127 + 120 * np.sin(rows / 19 + k) * np.cos(columns / 23 - k) for k in range(3)]
    pixels = np.stack(waves, axis=-1).astype(np.uint8)
    image = Image.fromarray(pixels)
    if mode == "I;16":
        image = Image.fromarray(pixels[:, :, 0].astype(np.uint16) * 257)
    file = BytesIO()
    (image if mode == "I;16" else image.convert(mode)).save(file, kind)
    return file.getvalue()


def upload(at: AppTest, name: str, content: bytes, settle: Run) -> AppTest:
    at.button_group(key="source").set_value("upload").run()
    at.file_uploader(key="upload").set_value((name, content, "image/png")).run()
    return settle(at)


# ------------------------------------------------------------------------- good pictures
#: Name, content, and a word of the note that comes with it.
GOOD = [
    ("good.jpg", picture(), ""),
    ("print.jpg", picture(mode="CMYK"), "CMYK"),
    ("deep.png", picture("PNG", "I;16"), "16-bit"),
    ("grey.png", picture("PNG", "L"), ""),
    ("bits.png", picture("PNG", "1"), ""),
    ("clear.png", picture("PNG", "RGBA"), ""),
    ("dot.png", picture("PNG", size=(1, 1)), ""),
    ("strip.png", picture("PNG", size=(1, 5000)), ""),
]


@pytest.mark.parametrize(
    ("bench", "name", "content", "note"),
    [*((DIGITS, *row) for row in GOOD), *((PHOTOS, *row) for row in (GOOD[1], GOOD[3]))],
    ids=[*(f"digits-{row[0]}" for row in GOOD), "photos-print.jpg", "photos-grey.png"],
)
def test_a_picture_of_ones_own(
    bench: dict[str, str],
    name: str,
    content: bytes,
    note: str,
    visit: Visit,
    settle: Run,
    calm: Check,
    said: Words,
) -> None:
    at = upload(visit("feature_maps", bench), name, content, settle)
    calm(at)
    chosen = at.session_state["_bench"].chosen
    assert chosen.id is None
    assert chosen.class_name is None
    assert note in said(at)
    assert "A link to this page" in said(at)
    assert "image" not in at.query_params


def test_what_the_network_says_of_a_picture_of_ones_own(
    visit: Visit, settle: Run, calm: Check, said: Words
) -> None:
    at = upload(visit("start"), "good.jpg", picture(), settle)
    calm(at)
    bench = at.session_state["_bench"]
    decoded = images.decode(picture(), name="good.jpg")
    np.testing.assert_array_equal(bench.chosen.pixels, decoded.pixels)
    found = bench.model.predict(bench.model.prepare(decoded.pixels))
    assert f"The network says **{found.name}** ({found.confidence:.1%})" in said(at)
    assert "it is right" not in said(at)


def test_the_picture_stays_while_pages_change(visit: Visit, settle: Run, calm: Check) -> None:
    at = upload(visit("feature_maps", DIGITS), "good.jpg", picture(), settle)
    digest = at.session_state["_bench"].digest
    for page in ("architecture", "feature_maps"):
        at = visit(page, at=at)
        calm(at)
        assert at.session_state["_bench"].digest == digest


def test_a_picture_that_is_taken_away_is_gone(visit: Visit, settle: Run, calm: Check) -> None:
    at = upload(visit("feature_maps", DIGITS), "good.jpg", picture(), settle)
    assert at.session_state["_bench"].chosen.id is None
    calm(settle(at.file_uploader(key="upload").set_value(None).run()))
    assert at.session_state["_bench"].chosen.id is not None


def test_a_photograph_of_the_camera(visit: Visit, settle: Run, calm: Check) -> None:
    at = visit("feature_maps", PHOTOS)
    at.button_group(key="source").set_value("camera").run()
    at.camera_input(key="camera").set_value(("camera.jpg", picture(), "image/jpeg")).run()
    calm(settle(at))
    assert at.session_state["_bench"].chosen.pixels.shape == (240, 320, 3)


# -------------------------------------------------------------------------- bad pictures
#: Name, content, and what the message says.
BAD = [
    ("text.png", b"only words, " * 40, "not a picture"),
    ("empty.png", b"", "empty"),
    ("large.png", b"\x89PNG\r\n\x1a\n" + bytes(11 * 2**20), "at most 10 MB"),
    ("cut.jpg", picture()[:1500], "cut off"),
    ("drawing.svg.png", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    ("<script>alert(1)</script>.png", b"\x00" * 50, "not a picture"),
]


@pytest.mark.parametrize(("name", "content", "message"), BAD, ids=[row[0] for row in BAD])
def test_a_bad_file_is_refused_with_a_sentence(
    name: str, content: bytes, message: str, visit: Visit, settle: Run, said: Words
) -> None:
    at = upload(visit("start", DIGITS), name, content, settle)
    assert [item.message for item in at.exception] == []
    assert len(at.error) == 1
    assert message in at.error[0].value
    assert "The network says" in said(at)
    good = upload(at, "good.jpg", picture(), settle)
    assert len(good.error) == 0
    assert good.session_state["_bench"].chosen.id is None


# ------------------------------------------------------------------------------- drawings
def drawn(pixels: np.ndarray) -> dict[str, str]:
    """Return what the pad's part in the browser sends for a drawing."""
    file = BytesIO()
    Image.fromarray(pixels).convert("RGB").save(file, "PNG")
    return {"drawing": "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()}


def one() -> np.ndarray:
    """Return a drawing of a 1: a thick upright stroke."""
    pixels = np.zeros((260, 260), np.uint8)
    pixels[40:220, 120:142] = 255
    return pixels


def test_a_drawn_digit_is_centred_and_read(visit: Visit, settle: Run, calm: Check) -> None:
    at = visit("start", DIGITS)
    at.button_group(key="source").set_value("draw").run()
    calm(at)
    assert at.session_state["_bench"].chosen.id is not None
    at.session_state["pad"] = drawn(one())
    calm(settle(at.run()))
    bench = at.session_state["_bench"]
    np.testing.assert_array_equal(bench.chosen.pixels[:, :, 0], centre_digit(one()))
    assert bench.model.predict(bench.input).name == "1"
    assert any("**1**" in item.value for item in at.info)
    assert "image" not in at.query_params
    at.session_state["pad"] = drawn(np.zeros((260, 260), np.uint8))
    calm(settle(at.run()))
    assert at.session_state["_bench"].chosen.id is not None


def test_photographs_cannot_be_drawn(visit: Visit, settle: Run, calm: Check) -> None:
    at = visit("feature_maps", DIGITS)
    at.button_group(key="source").set_value("draw").run()
    at.session_state["pad"] = drawn(one())
    at.run()
    calm(settle(at.selectbox(key="data").set_value("photos").run()))
    assert at.session_state["_bench"].chosen.id == "photo-ginger-cat"
    assert len(at.button_group(key="source").options) == 3


# -------------------------------------------------------------------------------- folders
def zipped(entries: dict[str, bytes]) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_a_folder_of_ones_own(visit: Visit, settle: Run, calm: Check, said: Words) -> None:
    content = zipped(
        {
            **{f"mine/cats/{k}.jpg": picture(size=(60 + k, 50)) for k in range(4)},
            **{f"mine/<b>dogs/{k}.png": picture("PNG", "L", (50, 60 + k)) for k in range(4)},
            "readme.txt": b"not a picture",
        }
    )
    at = visit("start", {"data": "folder"})
    calm(at)
    assert at.session_state["_bench"] is None
    at.file_uploader(key="zip").set_value(("mine.zip", content, "application/zip")).run()
    calm(settle(at))
    bench = at.session_state["_bench"]
    assert len(bench.images) == 8
    assert bench.images.classes == ("<b>dogs", "cats")
    assert "Files that are no pictures by their name were left out: 1." in said(at)
    for page, query in (("dataset", {"map": "pca", "n": "100"}), ("feature_maps", {})):
        at = visit(page, {"data": "folder"} | query, at=at)
        calm(at)
        assert at.session_state["_bench"].chosen.id in bench.images.ids


@pytest.mark.parametrize(
    "content",
    [
        b"no zip at all",
        b"",
        zipped({}),
        zipped({"readme.txt": b"nothing to see"}),
        zipped({"../../escape.jpg": picture()}),
    ],
    ids=["text", "empty", "no-entries", "no-pictures", "escape"],
)
def test_a_bad_folder_is_refused_with_a_sentence(content: bytes, visit: Visit, calm: Check) -> None:
    at = visit("start", {"data": "folder"})
    at.file_uploader(key="zip").set_value(("mine.zip", content, "application/zip")).run()
    assert [item.message for item in at.exception] == []
    assert len(at.error) == 1 or at.session_state["_bench"] is None
    at.selectbox(key="data").set_value("mnist").run()
    calm(at)
    assert at.session_state["_bench"] is not None


# ---------------------------------------------------------------------------- checkpoints
def test_a_checkpoint_of_ones_own(
    visit: Visit, settle: Run, calm: Check, said: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = data.path(MODELS["lenet5-mnist"].weights).read_bytes()
    at = visit("start", DIGITS)
    at.file_uploader(key="own_file").set_value(("mine.safetensors", content, "")).run()
    next(item for item in at.button if item.label == "Load it").click().run()
    calm(at)
    next(item for item in at.button if "workbench" in item.label).click().run()
    calm(settle(at))
    assert at.session_state["model"] != "lenet5-mnist"
    assert "model" not in at.query_params
    bench = at.session_state["_bench"]
    assert any("it is right" in item.value for item in at.success)
    assert bench.model.predict(bench.input).label == bench.true
    quick = {"attack": "fgsm", "grow.steps": "2"}
    pages = ("attribution", "adversarial", "class_visualization", "feature_maps", "architecture")
    for page in pages:
        calm(visit(page, quick, at=at))


def test_a_bad_checkpoint_is_refused_with_a_sentence(visit: Visit, said: Words) -> None:
    at = visit("start", DIGITS)
    at.file_uploader(key="own_file").set_value(("mine.pth", b"\x80\x04cos\nsystem", "")).run()
    next(item for item in at.button if item.label == "Load it").click().run()
    assert [item.message for item in at.exception] == []
    assert len(at.error) == 1
    assert "The network says" in said(at)


def test_a_public_app_takes_no_checkpoints(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAYERSCOPE_PUBLIC", "1")
    at = visit("architecture", DIGITS)
    assert all(item.key != "own_file" for item in at.file_uploader)
