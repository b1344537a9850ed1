"""Where the image on the workbench comes from: the data set, a file, a drawing, the camera."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import cached, link
from pages._ui.drawing_pad import drawing_pad
from pages._ui.gallery import gallery
from xai.datasets import DATASETS

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import ModelSpec

_SOURCES = {
    "browse": "Browse",
    "upload": "File",
    "draw": "Draw",
    "camera": "Photo",
}
_ACCEPTED = ["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff"]
_SHOWN = 60
#: Mean grey value of the rim above which a picture is taken for ink on paper.
_BRIGHT = 127
_PREFERRED = {"photos": "photo-ginger-cat"}


@dataclass(frozen=True, eq=False)
class Chosen:
    """The image on the workbench, as it came.

    Attributes
    ----------
    pixels : ndarray, shape (H, W, 1) or (H, W, 3), uint8
    label : str
        What to call it.
    class_name : str or None
        Its true class, or None if nobody knows.
    id : str or None
        Its name in the data set; None for images of one's own, which no link can share.
    """

    pixels: np.ndarray
    label: str
    class_name: str | None = None
    id: str | None = None


def image_set(data: str) -> ImageSet | None:
    """Return the images to browse; for a folder of one's own, ask for it."""
    return _folder() if data == "folder" else cached.image_set(data, "test")


def choose(images: ImageSet, spec: ModelSpec) -> Chosen:
    """Draw the choice of an image; return it."""
    sources = tuple(word for word in _SOURCES if word != "draw" or spec.channels == 1)
    link.restore("source", link.one_of(("browse",)), what="source of the image", default="browse")
    if st.session_state["source"] not in sources:
        st.session_state["source"] = "browse"
    source = st.segmented_control(
        "Image",
        sources,
        key="source",
        format_func=_SOURCES.__getitem__,
        required=True,
        width="stretch",
        wrap=False,
    )
    link.publish("source", "browse" if source == "browse" else None)
    if source == "browse" or source is None:
        return _browse(images)
    link.publish("image", None)
    own = {"upload": _upload, "draw": _draw, "camera": _camera}[source](spec)
    if own is not None:
        st.caption("A link to this page will show the data set’s image: your own stays with you.")
        return own
    # Until there is an image of one's own, the pages go on with the data set's.
    return _remembered(images)


def _browse(images: ImageSet) -> Chosen:
    _restore_id(images)
    options = ("all", *images.classes)
    if st.session_state.get("browse_class") not in options:
        st.session_state["browse_class"] = "all"
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    shown = left.selectbox(
        "Class",
        options,
        key="browse_class",
        format_func=lambda word: "All classes" if word == "all" else word,
        label_visibility="collapsed",
    )
    if right.button("", icon=":material/casino:", help="Take an image at random", width="stretch"):
        st.session_state["image"] = _any(images, shown)
    places = _shown_places(images, shown)
    picked = gallery(
        images,
        places,
        [_caption(images, place) for place in places],
        selected=st.session_state["image"],
        key="picker",
        height=212,
    )
    if picked is not None and picked != st.session_state["image"]:
        st.session_state["image"] = picked
        st.rerun()
    link.publish("image", st.session_state["image"])
    return _remembered(images)


def _restore_id(images: ImageSet) -> None:
    first = _PREFERRED.get(images.name, images.ids[0])
    default = first if first in images.ids else images.ids[0]
    link.restore(
        "image",
        lambda text: text if _home(images, text) is not None else None,
        what="image",
        default=default,
    )
    if _home(images, st.session_state["image"]) is None:
        st.session_state["image"] = default


def _home(images: ImageSet, name: str) -> ImageSet | None:
    """Return the images that one belongs to: those to browse, or all that a map can show."""
    if name in images:
        return images
    if images.name not in DATASETS or not name.startswith(images.name):
        return None
    pool = cached.pool(images.name)
    return pool if name in pool else None


def _remembered(images: ImageSet) -> Chosen:
    """Return the data set's image that was chosen last."""
    name = st.session_state.get("image", "")
    images = _home(images, name) or images
    place = images.index(name) if name in images else 0
    class_name = images.classes[int(images.labels[place])]
    return Chosen(
        images.images[place],
        images.ids[place],
        None if class_name == "unlabelled" else class_name,
        images.ids[place],
    )


def _caption(images: ImageSet, place: int) -> str:
    return f"{images.classes[int(images.labels[place])]} · {images.ids[place]}"


def _shown_places(images: ImageSet, shown: str) -> tuple[int, ...]:
    """Return the places to show: a sample, the chosen image among them."""
    if shown == "all":
        places = np.arange(len(images))
    else:
        places = np.flatnonzero(images.labels == images.classes.index(shown))
    if len(places) > _SHOWN:
        places = places[np.linspace(0, len(places) - 1, _SHOWN).astype(int)]
    found = [int(place) for place in places]
    if shown == "all" and st.session_state["image"] in images:
        current = images.index(st.session_state["image"])
        if current not in found:
            found[-1] = current
    return tuple(found)


def _any(images: ImageSet, shown: str) -> str:
    places = np.arange(len(images))
    if shown != "all":
        places = np.flatnonzero(images.labels == images.classes.index(shown))
    return images.ids[int(np.random.default_rng().choice(places))]


def _folder() -> ImageSet | None:
    file = st.file_uploader(
        "A zip with one folder a class, or images in one folder",
        type="zip",
        key="zip",
        on_change=_forget,
        args=("zip",),
    )
    if file is not None:
        st.session_state["own_zip"] = (file.name, file.getvalue())
    if "own_zip" not in st.session_state:
        return None
    name, data = st.session_state["own_zip"]
    try:
        found = cached.folder(hashlib.sha256(data).hexdigest(), data, name)
    except ValueError as error:
        st.error(str(error))
        return None
    for sentence in found.notes:
        st.caption(sentence)
    return found


def _upload(spec: ModelSpec) -> Chosen | None:
    file = st.file_uploader(
        "A picture of your own", type=_ACCEPTED, key="upload", on_change=_forget, args=("upload",)
    )
    if file is not None:
        st.session_state["own_upload"] = (file.name, file.getvalue())
    return _own("own_upload", spec)


def _camera(spec: ModelSpec) -> Chosen | None:
    file = st.camera_input(
        "Camera",
        key="camera",
        label_visibility="collapsed",
        on_change=_forget,
        args=("camera",),
    )
    if file is not None:
        st.session_state["own_camera"] = ("camera.jpg", file.getvalue())
    return _own("own_camera", spec)


def _forget(widget: str) -> None:
    """Forget a picture that was taken away; leaving the widget for another keeps it."""
    if st.session_state.get(widget) is None:
        st.session_state.pop(f"own_{widget}", None)


def _own(key: str, spec: ModelSpec) -> Chosen | None:
    if key not in st.session_state:
        return None
    name, data = st.session_state[key]
    try:
        picture = cached.decoded(hashlib.sha256(data).hexdigest(), name, data)
    except ValueError as error:
        st.error(str(error))
        return None
    for sentence in picture.notes:
        st.caption(sentence)
    pixels = picture.pixels
    if spec.channels == 1:
        # Ink on paper is dark on light; the digits that the network knows are not.
        paper = float(np.concatenate([pixels[0], pixels[-1]]).mean()) > _BRIGHT
        if st.toggle("Invert: light ink on black", value=paper, key=f"invert-{picture.digest}"):
            pixels = 255 - pixels
    return Chosen(pixels, "your picture")


def _draw(spec: ModelSpec) -> Chosen | None:
    from xai.datasets.drawing import centre_digit

    data = drawing_pad(key="pad", size=260)
    if data is None:
        return None
    try:
        picture = cached.decoded(hashlib.sha256(data).hexdigest(), "drawing.png", data)
        digit = centre_digit(picture.pixels[:, :, 0])
    except ValueError as error:
        st.caption(str(error))
        return None
    return Chosen(digit[:, :, None], "your drawing")
