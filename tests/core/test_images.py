"""Image intake: what is accepted, what it becomes, and what is refused in words."""

from __future__ import annotations

import hashlib
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageFile

from xai import images
from xai.images import decode

RGB = np.random.default_rng(0).integers(0, 256, (24, 20, 3), dtype=np.uint8)
# Four corners of four colours: a turn or a flip cannot go unseen, and JPEG keeps them.
CORNERS = np.kron(
    np.array([[[250, 0, 0], [0, 250, 0]], [[0, 0, 250], [250, 250, 0]]], dtype=np.uint8),
    np.ones((16, 24, 1), dtype=np.uint8),
)


def encoded(pixels, kind="PNG", mode=None, **options):
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = BytesIO()
    (picture.convert(mode) if mode else picture).save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of_zeros(width, height):
    packer = zlib.compressobj(9)
    row = b"\0" * (3 * width + 1)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


# ------------------------------------------------------------------- accepted
@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF", "WEBP", "JPEG"])
def test_every_format_gives_its_pixels(kind):
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}
    palette = Image.fromarray(CORNERS).quantize(8) if kind == "GIF" else CORNERS
    data = encoded(palette, kind, **options.get(kind, {}))
    found = decode(data)
    assert found.pixels.dtype == np.uint8
    assert found.pixels.shape == CORNERS.shape
    assert np.abs(found.pixels.astype(int) - CORNERS).max() <= (3 if kind == "JPEG" else 0)
    assert found.format.upper() == kind
    assert found.digest == hashlib.sha256(data).hexdigest()
    assert found.notes == ()
    assert not found.pixels.flags.writeable


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "1"), ("PNG", "L"), ("PNG", "P"), ("BMP", "L"), ("TIFF", "1"), ("JPEG", "L")],
)
def test_other_modes_become_what_pillow_shows(kind, mode):
    picture = Image.fromarray(RGB).convert(mode)
    found = decode(encoded(picture, kind, **({"quality": 100} if kind == "JPEG" else {})))
    expected = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(found.pixels - expected).max() <= (4 if kind == "JPEG" else 0)
    if mode in ("1", "L"):
        assert (found.pixels == found.pixels[:, :, :1]).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_is_scaled_not_clipped(kind):
    values = np.array([[0, 256, 40_000, 65_535]], dtype=np.uint16)
    found = decode(encoded(Image.fromarray(values), kind))
    assert found.pixels[0, :, 0].tolist() == [0, 1, 156, 255]
    assert "16-bit values were scaled to 8 bit." in found.notes


def test_lab_colours_are_converted():
    lab = Image.new("LAB", (3, 2), (120, 183, 182))
    expected = [200, 60, 20]
    assert np.abs(decode(encoded(lab, "TIFF")).pixels.astype(int) - expected).max() <= 2


def test_16_bit_colour_is_scaled():
    row = b"\0" + struct.pack(">6H", 0, 40_000, 65_535, 256, 40_000, 0)
    header = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")
    found = decode(b"\x89PNG\r\n\x1a\n" + parts)
    assert found.pixels.tolist() == [[[0, 156, 255], [1, 156, 0]]]
    assert "16-bit values were scaled to 8 bit." in found.notes


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([-1.0, 0.0, 1.0], [0, 128, 255]),
        ([7.0, 7.0, 7.0], [0, 0, 0]),
        ([-3e38, 0.0, 3e38], [0, 128, 255]),
    ],
)
def test_finite_floats_are_scaled(values, expected):
    found = decode(encoded(Image.fromarray(np.array([values], dtype=np.float32)), "TIFF"))
    assert found.pixels[0, :, 0].tolist() == expected
    assert "scaled to 8 bit" in found.notes[0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_floats_that_are_no_numbers_are_refused(bad):
    values = np.array([[0.0, bad]], dtype=np.float32)
    with pytest.raises(ValueError, match="not numbers"):
        decode(encoded(Image.fromarray(values), "TIFF"))


def test_transparency_stands_on_white():
    pixels = np.array([[[255, 0, 0, 0], [255, 0, 0, 255], [0, 0, 0, 128]]], dtype=np.uint8)
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True, "exact": True}), ("TIFF", {})):
        found = decode(encoded(pixels, kind, **options))
        assert found.pixels[0, :2].tolist() == [[255, 255, 255], [255, 0, 0]]
        assert found.pixels[0, 2] == pytest.approx(127, abs=1)
        assert "Transparent parts stand on white." in found.notes


def test_transparent_grey_palette_and_key_colours_stand_on_white():
    grey_alpha = Image.fromarray(np.array([[[9, 0], [9, 255]]], dtype=np.uint8), "LA")
    assert decode(encoded(grey_alpha)).pixels[0, :, 0].tolist() == [255, 9]
    palette = Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.putpixel((1, 0), 1)
    for kind in ("PNG", "GIF"):
        found = decode(encoded(palette, kind, transparency=0))
        assert found.pixels.tolist() == [[[255, 255, 255], [40, 50, 60]]]
    keyed = Image.fromarray(np.array([[40_000, 10]], dtype=np.uint16))
    assert decode(encoded(keyed, transparency=40_000)).pixels[0, :, 0].tolist() == [255, 0]


def test_an_opaque_alpha_channel_is_not_worth_a_note():
    assert decode(encoded(RGB, mode="RGBA")).notes == ()


def test_cmyk_is_converted_with_a_note():
    found = decode(encoded(CORNERS, "JPEG", mode="CMYK", quality=100))
    assert np.abs(found.pixels.astype(int) - CORNERS).max() < 12
    assert any("CMYK" in note for note in found.notes)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_exif_turns_the_picture_upright(kind, turn):
    # What a camera would store so that the viewer sees CORNERS.
    stored = {
        1: CORNERS,
        2: CORNERS[:, ::-1],
        3: CORNERS[::-1, ::-1],
        4: CORNERS[::-1],
        5: CORNERS.swapaxes(0, 1),
        6: np.rot90(CORNERS, 1),
        7: CORNERS[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(CORNERS, 3),
    }[turn]
    exif = Image.Exif()
    exif[0x0112] = turn
    options = {"quality": 100} if kind in ("JPEG", "WEBP") else {}
    found = decode(encoded(np.ascontiguousarray(stored), kind, exif=exif, **options))
    assert found.pixels.shape == CORNERS.shape
    assert np.abs(found.pixels.astype(int) - CORNERS).mean() < 10
    assert any("upright" in note for note in found.notes) == (turn != 1)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_broken_exif_block_does_not_hide_the_picture():
    data = encoded(CORNERS, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 40)
    assert decode(data).pixels.shape == CORNERS.shape


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame_is_used(kind):
    frames = [Image.new("RGB", (9, 7), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    found = decode(data)
    assert (found.pixels == [255, 0, 0]).all()
    assert any("first" in note for note in found.notes)


def test_a_phones_pair_of_jpegs_is_a_jpeg():
    second = Image.fromarray(CORNERS[::-1].copy())
    found = decode(encoded(CORNERS, "MPO", save_all=True, append_images=[second]), name="a.jpg")
    assert found.format == "JPEG"
    assert found.notes == ()
    assert np.abs(found.pixels.astype(int) - CORNERS).mean() < 10


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (3, 3)])
def test_tiny_and_thin_pictures_are_read(size):
    assert decode(png_of_zeros(size[1], size[0])).pixels.shape == (*size, 3)


def test_metadata_and_name_leave_no_trace():
    exif = Image.Exif()
    exif[0x010E] = "secret"
    found = decode(encoded(RGB, exif=exif), name="../../<script>\u202e" + "x" * 500 + "\0.png")
    assert "secret" not in repr(vars(found))
    assert "script" not in repr(vars(found))


# -------------------------------------------------------------------- refused
PNG = encoded(RGB)
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40
AVIF = b"\0\0\0\x1cftypavif\0\0\0\0avifmif1" + b"\0" * 40
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><rect width='9' height='9'/></svg>"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"hello, this is a letter and not a picture at all", "not a picture"),
        (b"\0", "not a picture"),
        (b"PK\x03\x04" + b"\0" * 60, "not a picture"),
        (b"<!doctype html><html></html>" + b" " * 40, "not a picture"),
        (SVG, "SVG"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a -->\n" + SVG, "SVG"),
        (HEIC, "HEIC"),
        (AVIF, "AVIF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "EPS"),
        (b"%PDF-1.7\n", "PDF"),
        (PNG + b"\0" * (10 * 2**20), "10 MB"),
        (png_of_zeros(1, 1).replace(struct.pack(">II", 1, 1), bytes(8), 1), "no pixels"),
        (b"GIF89a" + b"\0" * 40, "no pixels"),
    ],
)
def test_bad_files_are_refused_in_a_sentence(data, words):
    with pytest.raises(ValueError, match=words) as caught:
        decode(data)
    sentence = str(caught.value)
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_what_is_no_bytes_is_a_type_error():
    with pytest.raises(TypeError, match="bytes"):
        decode("picture.png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.9, 0.99])
def test_cut_off_files_are_refused(kind, share):
    data = encoded(RGB, kind)
    with pytest.raises(ValueError, match=r"cut off|not a picture"):
        decode(data[: int(share * len(data))])


def test_a_png_without_its_end_is_refused():
    with pytest.raises(ValueError, match="cut off"):
        decode(PNG[:-12])


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "dir/a.gif", "a.png.webp", "a.heic", "a.svg"])
def test_a_lying_extension_is_refused(name):
    with pytest.raises(ValueError, match="PNG") as caught:
        decode(PNG, name=name)
    assert "." + name.rsplit(".", 1)[1].lower() in str(caught.value)


@pytest.mark.parametrize("name", ["", "a", "a.png", "A.PNG", "my.holiday", "a.jpg.png", ".png"])
def test_a_true_or_missing_extension_is_accepted(name):
    assert decode(PNG, name=name).format == "PNG"


@pytest.mark.parametrize(
    ("name", "kind"), [("a.jpeg", "JPEG"), ("a.jfif", "JPEG"), ("a.tif", "TIFF")]
)
def test_synonymous_extensions_are_accepted(name, kind):
    assert decode(encoded(RGB, kind), name=name).format == kind


def canvas_of(kind, width, height):
    """A small file whose header promises ``width`` times ``height`` pixels."""
    if kind == "PNG":
        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"\0" * 40
    if kind == "GIF":
        return b"GIF89a" + struct.pack("<HH", width, height) + b"\0" * 60
    if kind == "BMP":
        data = encoded(RGB, "BMP")
        return data[:18] + struct.pack("<ii", width, -height) + data[26:]
    if kind == "WEBP":
        sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        return b"RIFF\x64\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + sides + b"\0" * 80
    if kind == "JPEG":
        data = encoded(RGB, "JPEG", progressive=True)
        old, new = struct.pack(">HH", 24, 20), struct.pack(">HH", height, width)
    else:
        # One strip of grey, as a list of tags: (tag, type 4 is 32 bit, count, value).
        tags = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8)]
        tags += [(277, 1), (278, height), (279, 40)]
        body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
        return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + body + b"\0" * 50
    return data.replace(old, new)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "WEBP", "JPEG", "TIFF"])
@pytest.mark.parametrize("size", [(13_000, 13_000), (14_000, 14_000), (5_001, 5_000)])
def test_too_many_pixels_are_refused_from_the_header(kind, size, monkeypatch):
    data = canvas_of(kind, *size)
    decoded = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda image: decoded.append(image))
    with pytest.raises(ValueError, match=r"megapixels.*at most 25"):
        decode(data)
    assert not decoded


def test_exactly_25_megapixels_are_read():
    assert decode(png_of_zeros(5_000, 5_000)).pixels.shape == (5_000, 5_000, 3)


def test_an_animated_bomb_costs_one_frame():
    frames = [Image.new("P", (600, 500), index) for index in range(100)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(data).pixels.shape == (500, 600, 3)


def test_a_larger_jpeg_is_reduced_while_it_is_read():
    data = encoded(Image.new("RGB", (8_001, 4_001), (200, 40, 10)), "JPEG")
    found = decode(data)
    assert found.pixels.shape == (2_001, 4_001, 3)
    assert np.abs(found.pixels[::500, ::500].astype(int) - [200, 40, 10]).max() < 4
    assert "8001 × 4001" in found.notes[0]


def test_a_jpeg_of_very_many_passes_is_refused():
    data = encoded(CORNERS, "JPEG", progressive=True)
    scan = data[data.index(b"\xff\xda") : data.rindex(b"\xff\xda")]
    end = data.rindex(b"\xff\xda")
    with pytest.raises(ValueError, match="passes"):
        decode(data[:end] + scan * 200 + data[end:])


@pytest.mark.filterwarnings("ignore")
def test_random_damage_never_escapes_as_another_error():
    generator = np.random.default_rng(1)
    sources = [encoded(RGB, kind) for kind in ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")]
    sources += [encoded(RGB, "JPEG", mode="CMYK"), encoded(RGB, "PNG", mode="P")]
    sentences = []
    for _ in range(1500):
        data = bytearray(sources[generator.integers(len(sources))])
        for place in generator.integers(0, min(len(data), 400), 3):
            data[place] = generator.integers(256)
        try:
            assert decode(bytes(data)).pixels.dtype == np.uint8
        except ValueError as error:
            sentences.append(str(error))
    assert all(sentence.endswith(".") for sentence in sentences)
    assert 50 < len(sentences) < 1450


# ---------------------------------------------------------------- conversions
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3), (5, 7, 4)])
def test_png_gives_the_pixels_back(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    read = np.asarray(Image.open(BytesIO(images.encode_png(pixels))))
    assert (read.reshape(shape) == pixels).all()


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 4, 3)), np.zeros((4, 4, 2), np.uint8), np.zeros((0, 4, 3), np.uint8), [[1]]],
)
def test_what_is_no_pixels_is_refused(pixels):
    for function in (images.encode_png, images.from_uint8, lambda p: images.resize(p, (2, 2))):
        with pytest.raises((TypeError, ValueError), match="pixels"):
            function(pixels)


def test_digest_tells_values_type_and_shape_apart():
    base = np.arange(12, dtype=np.uint8)
    others = [base.reshape(3, 4), base.view(np.int8), base.reshape(4, 3), base + 1]
    found = {images.digest(array) for array in (base, *others)}
    assert len(found) == 5
    assert images.digest(np.arange(24, dtype=np.uint8)[::2]) == images.digest(base * 2)
    assert images.digest(b"abc") == hashlib.sha256(b"abc").hexdigest()
    with pytest.raises(TypeError, match="digest"):
        images.digest("abc")


def test_uint8_and_float_are_inverse():
    assert (images.to_uint8(images.from_uint8(RGB)) == RGB).all()
    image = images.from_uint8(RGB)
    assert image.dtype == np.float32
    assert image.shape == (3, 24, 20)
    assert images.to_uint8(np.full((1, 1, 1), 0.499)).item() == 127
    assert images.to_uint8(np.array([[[-1.0, 2.0]]]))[0, :, 0].tolist() == [0, 255]
    with pytest.raises(ValueError, match="finite"):
        images.to_uint8(np.full((1, 2, 2), np.nan))
    with pytest.raises(ValueError, match=r"\(C, H, W\)"):
        images.to_uint8(np.zeros((2, 2)))


SIDES = [(24, 20), (37, 61), (300, 451), (28, 28), (5, 160), (64, 63)]


@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("method", ["bicubic", "bilinear"])
@pytest.mark.parametrize("channels", [1, 3])
def test_resizing_gives_torchvisions_numbers(sides, method, channels):
    from torchvision.transforms import InterpolationMode, functional

    pixels = np.random.default_rng(2).integers(0, 256, (*sides, channels), dtype=np.uint8)
    picture = Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
    mode = InterpolationMode(method)
    for short in (16, 33, 64):
        expected = np.asarray(functional.resize(picture, short, mode))
        found = images.resize_short(pixels, short, method=method)
        assert (found.reshape(expected.shape) == expected).all()
    expected = np.asarray(functional.resize(picture, [30, 41], mode))
    assert (
        images.resize(pixels, (30, 41), method=method).reshape(expected.shape) == expected
    ).all()
    for size in ((16, 16), (15, 22), (90, 31), (500, 501)):
        expected = np.asarray(functional.center_crop(picture, list(size)))
        assert (images.center_crop(pixels, size).reshape(expected.shape) == expected).all()


def test_a_very_thin_strip_is_resized_without_exploding():
    strip = np.random.default_rng(0).integers(0, 256, (1, 5000, 3), dtype=np.uint8)
    found = images.resize_short(strip, 256)
    assert found.shape == (256, 32 * 256, 3)
    # The middle is what resampling more of the strip would give there.
    wider = images.resize(images.center_crop(strip, (1, 64)), (256, 64 * 256))
    middle = images.center_crop(found, (256, 256)).astype(int)
    assert (middle == images.center_crop(wider, (256, 256))).all()
    assert images.resize_short(strip.swapaxes(0, 1), 256).shape == (32 * 256, 256, 3)


def test_resizing_refuses_what_makes_no_sense():
    for size in ((0, 5), (5, -1), (6_000, 6_000)):
        with pytest.raises(ValueError, match="size"):
            images.resize(RGB, size)
        with pytest.raises(ValueError, match="size"):
            images.center_crop(RGB, size)
    with pytest.raises(ValueError, match="size"):
        images.resize_short(RGB, 0)
    with pytest.raises(ValueError, match="bicubic, bilinear"):
        images.resize(RGB, (5, 5), method="nearest")


def test_a_picture_as_an_address_holds_the_same_bytes():
    from base64 import b64decode

    data = images.encode_png(np.zeros((2, 3, 3), np.uint8))
    head, _, text = images.data_url(data).partition(",")
    assert head == "data:image/png;base64"
    assert b64decode(text) == data
    with pytest.raises(ValueError, match="PNG or WebP"):
        images.data_url(b"GIF89a")
