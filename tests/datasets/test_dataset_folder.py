"""The user's own images: what a zip may hold, what becomes of it, and what is refused."""

from __future__ import annotations

import hashlib
import struct
import zipfile
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from xai import images
from xai.datasets import folder, load_folder


def picture(value=0, size=(20, 16), kind="PNG"):
    buffer = BytesIO()
    Image.new("RGB", size, (value, 100, 50)).save(buffer, kind)
    return buffer.getvalue()


def packed(files, method=zipfile.ZIP_DEFLATED):
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return buffer.getvalue()


CATS = {f"cat/{n}.png": picture(n) for n in range(3)}
DOGS = {f"dog/{n}.png": picture(100 + n) for n in range(2)}


# ---------------------------------------------------------------------- accepted
@pytest.mark.parametrize("root", ["", "my pictures/", "a/b/"])
def test_a_folder_is_a_class(root):
    found = load_folder(packed({root + name: body for name, body in (DOGS | CATS).items()}))
    assert found.classes == ("cat", "dog")
    assert found.labels.tolist() == [0, 0, 0, 1, 1]
    assert found.images.shape == (5, 16, 20, 3)
    assert found.images[:, 0, 0, 0].tolist() == [0, 1, 2, 100, 101]
    assert found.notes == ()
    assert not found.images.flags.writeable
    assert (found.name, found.split) == ("folder", "test")


@pytest.mark.parametrize("root", ["", "holiday/", "a/b/c/"])
def test_images_in_one_folder_have_no_class(root):
    found = load_folder(packed({f"{root}{n}.png": picture(n) for n in range(3)}), name="mine")
    assert found.classes == ("unlabelled",)
    assert found.labels.tolist() == [0, 0, 0]
    assert found.name == "mine"


def test_images_beside_class_folders_are_unlabelled():
    found = load_folder(packed(CATS | {"loose.png": picture(9)}))
    assert found.classes == ("cat", "unlabelled")
    assert np.bincount(found.labels).tolist() == [3, 1]


def test_an_id_is_the_files_own_digest():
    first = load_folder(packed(CATS | DOGS))
    second = load_folder(packed({"x/renamed.png": CATS["cat/1.png"]}))
    expected = "folder-" + hashlib.sha256(CATS["cat/1.png"]).hexdigest()[:12]
    assert second.ids == (expected,)
    assert (first.images[first.index(expected)] == second.images[0]).all()


def test_large_images_are_kept_at_256_pixels_and_small_ones_as_they_are():
    found = load_folder(packed({"a.png": picture(1, (600, 512)), "b.png": picture(2, (20, 900))}))
    assert sorted(image.shape for image in found.images) == [(256, 300, 3), (900, 20, 3)]
    assert found.images.dtype == object


def test_every_picture_format_is_read():
    kinds = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP", "bmp": "BMP", "gif": "GIF", "tif": "TIFF"}
    files = {f"a.{suffix}": picture(40, kind=kind) for suffix, kind in kinds.items()}
    assert len(load_folder(packed(files))) == 6


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_every_compression_is_read(method):
    assert len(load_folder(packed(CATS, method))) == 3


def test_litter_is_passed_over_in_silence():
    litter = {
        "__MACOSX/cat/._0.png": b"x",
        "cat/._1.png": b"x",
        ".hidden/a.png": picture(7),
        "cat/.DS_Store": b"x",
        "empty/": b"",
    }
    found = load_folder(packed(CATS | litter))
    assert len(found) == 3
    assert found.notes == ()


def test_other_files_and_nested_zips_are_counted():
    others = {"cat/readme.txt": b"hi", "more.zip": packed(DOGS), "labels.csv": b"a,b"}
    found = load_folder(packed(CATS | others))
    assert len(found) == 3
    assert found.notes == ("Files that are no pictures by their name were left out: 3.",)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"not a picture, whatever its name may say", "not a picture"),
        (picture()[:40], "cut off"),
        (picture(kind="GIF"), "GIF"),
        (b"\0" * (10 * 2**20 + 9), "10 MB"),
    ],
)
def test_an_unreadable_image_is_left_out_with_its_reason(body, words):
    found = load_folder(packed(CATS | {"dog/bad.png": body}))
    assert len(found) == 3
    assert found.notes[0].startswith("1 image was left out")
    assert words in found.notes[0]


def test_the_same_file_twice_is_kept_once():
    found = load_folder(packed(CATS | {"dog/copy.png": CATS["cat/0.png"], **DOGS}))
    assert len(found) == len(set(found.ids)) == 5
    assert found.classes[found.labels[found.index(found.ids[0])]] == "cat"
    assert found.notes == ("Files that occur twice were left out: 1.",)


def test_class_names_are_cleaned():
    name = "\u202egpj" + "x" * 300
    found = load_folder(packed({f"{name}/0.png": picture(1), "b/1.png": picture(2)}))
    assert found.classes == ("b", ("gpj" + "x" * 300)[:80])


def test_progress_counts_images_and_may_stop():
    steps = []
    load_folder(packed(CATS | DOGS), progress=lambda *step: steps.append(step[:2]))
    assert steps == [(n, 5) for n in range(1, 6)]

    class StoppedError(RuntimeError):
        pass

    def stop(*step):
        raise StoppedError

    with pytest.raises(StoppedError):
        load_folder(packed(CATS), progress=stop)


# ----------------------------------------------------------------------- refused
GOOD = packed(CATS | DOGS)


def encrypted():
    data = bytearray(packed(CATS))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + place] |= 1
            at = data.find(signature, at + 4)
    return bytes(data)


def with_method(number):
    data = bytearray(packed(CATS))
    for signature, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = data.find(signature)
        while at >= 0:
            data[at + place : at + place + 2] = struct.pack("<H", number)
            at = data.find(signature, at + 4)
    return bytes(data)


def one_wrong_byte():
    data = bytearray(packed(CATS, zipfile.ZIP_STORED))
    data[data.find(b"IDAT") + 6] ^= 255
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"hello", "not a zip"),
        (picture(), "not a zip"),
        (b"PK\x03\x04" + b"\0" * 40, "damaged"),
        (GOOD[: len(GOOD) // 2], "damaged"),
        (GOOD[:-30], "damaged"),
        (one_wrong_byte(), "damaged"),
        (encrypted(), "encrypted"),
        (with_method(97), "compression"),
        (packed({}), "no picture files"),
        (packed({"a/": b"", "notes.txt": b"hi"}), "no picture files"),
        (packed({"a.png": b"broken", "b.png": b"too"}), "no readable image.*not a picture"),
    ],
)
def test_a_bad_zip_is_refused_in_a_sentence(data, words):
    with pytest.raises(ValueError, match=words) as caught:
        load_folder(data)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    "name",
    [
        "../evil.png",
        "cat/../../evil.png",
        "/etc/evil.png",
        "C:/evil.png",
        "C:\\evil.png",
        "..\\evil.png",
        "cat\\..\\..\\evil.png",
        "\\\\server\\evil.png",
        "__MACOSX/../../evil.png",
        "../readme.txt",
    ],
)
def test_a_path_that_leads_out_is_refused(name):
    with pytest.raises(ValueError, match="outside"):
        load_folder(packed(CATS | {name: picture()}))


def test_nothing_is_written_to_disk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    load_folder(GOOD)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_bytes_is_a_type_error():
    with pytest.raises(TypeError, match="bytes"):
        load_folder("pictures.zip")


def test_too_large_a_zip_is_refused_unread(monkeypatch):
    monkeypatch.setattr(folder, "MAX_ZIP_BYTES", 2**20)
    with pytest.raises(ValueError, match="at most 1 MB"):
        load_folder(b"PK" + b"\0" * 2**20)


def test_too_many_files_or_images_are_refused(monkeypatch):
    monkeypatch.setattr(folder, "MAX_ENTRIES", 4)
    with pytest.raises(ValueError, match="more than 4 files"):
        load_folder(GOOD)
    monkeypatch.undo()
    monkeypatch.setattr(folder, "MAX_IMAGES", 4)
    with pytest.raises(ValueError, match="5 images; at most 4"):
        load_folder(GOOD)


def test_a_bomb_is_refused_from_its_headers(monkeypatch):
    monkeypatch.setattr(folder, "MAX_UNPACKED_BYTES", 20 * 2**20)
    data = packed({f"{n}.png": b"\0" * (3 * 2**20) for n in range(8)})
    assert len(data) < 2**20
    with pytest.raises(ValueError, match="20 MB"):
        load_folder(data)


def test_a_bomb_whose_headers_lie_is_stopped_while_it_is_read(monkeypatch):
    monkeypatch.setattr(folder, "MAX_UNPACKED_BYTES", 2**20)
    data = bytearray(packed({f"{n}.png": bytes([n]) * 400_000 for n in range(8)}))
    at = data.find(b"PK\x01\x02")
    while at >= 0:  # the list of contents promises 100 bytes each
        data[at + 24 : at + 28] = struct.pack("<I", 100)
        at = data.find(b"PK\x01\x02", at + 4)
    with pytest.raises(ValueError, match=r"1 MB|damaged"):
        load_folder(bytes(data))


def test_pixels_are_limited_as_bytes_are(monkeypatch):
    monkeypatch.setattr(folder, "MAX_UNPACKED_BYTES", 10**6)
    files = {f"{n}.png": picture(n, (256, 256)) for n in range(6)}
    assert sum(len(body) for body in files.values()) < 10**5
    with pytest.raises(ValueError, match="unpacked"):
        load_folder(packed(files))


def test_an_image_bomb_inside_is_left_out():
    header = struct.pack(">IIBBBBB", 13_000, 13_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + header + b"\0" * 40
    found = load_folder(packed(CATS | {"bomb.png": bomb}))
    assert len(found) == 3
    assert "169 megapixels" in found.notes[0]


def test_random_damage_is_refused_or_read_but_nothing_else():
    generator = np.random.default_rng(0)
    outcomes = []
    for _ in range(400):
        data = bytearray(GOOD)
        for place in generator.integers(0, len(data), 4):
            data[place] = generator.integers(256)
        try:
            outcomes.append(len(load_folder(bytes(data))))
        except ValueError as error:
            outcomes.append(str(error)[-1])
    assert set(outcomes) <= {1, 2, 3, 4, 5, "."}
    assert "." in outcomes


def test_limits_are_below_what_an_image_alone_may_have():
    assert folder.MAX_UNPACKED_BYTES >= images.MAX_BYTES
