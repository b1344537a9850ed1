"""Zips of runs: there and back, and what would do harm refused."""

from __future__ import annotations

import gc
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from xai.datasets import ImageSet
from xai.training import Run, open_run, train
from xai.training.runs.files import pack, schema, sharing

Entries = list[tuple[str, bytes]]


@pytest.fixture(scope="module")
def run(digits: ImageSet, others: ImageSet) -> Run:
    return train("lenet5-mnist", digits, test=others, params={"epochs": 1, "batch": 50})


@pytest.fixture(scope="module")
def entries(run: Run) -> Entries:
    return list(sharing.files(run))


def zipped(entries: Entries, prefix: str = "", kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", kind) as archive:
        for name, content in entries:
            archive.writestr(prefix + name, content)
    return memory.getvalue()


def test_a_zip_opens_as_the_run(run: Run) -> None:
    content = pack(run)
    found = open_run(content)
    assert (found.recipe, found.marks, found.epochs) == (run.recipe, run.marks, run.epochs)
    np.testing.assert_array_equal(found.right, run.right)
    assert found.accuracy() == run.accuracy()
    assert pack(run) == content
    assert pack(found) == content


def test_what_was_unpacked_goes_with_the_run(run: Run) -> None:
    found = open_run(pack(run))
    folder = found.folder
    assert (folder / schema.HEAD).is_file()
    del found
    gc.collect()
    assert not folder.exists()


@pytest.mark.parametrize("prefix", ["", "my run/", "./"])
def test_the_folder_may_be_packed_with_its_name(
    entries: Entries, run: Run, tmp_path: Path, prefix: str
) -> None:
    place = tmp_path / "run.zip"
    clutter = [("__MACOSX/run.json", b"{}"), (f"{prefix}notes.txt", b"x"), (".DS_Store", b"x")]
    place.write_bytes(zipped([*entries, *clutter] if not prefix else entries, prefix))
    assert open_run(place).marks == run.marks
    linked = tmp_path / "linked.zip"
    linked.symlink_to(place)
    assert open_run(linked).marks == run.marks


def test_only_files_of_a_run_are_unpacked(entries: Entries) -> None:
    surplus = [
        ("state.safetensors", b"x"),
        ("weights/epoch-0009.py", b"x"),
        ("weights/deep/epoch-0001.safetensors", b"x"),
        ("WEIGHTS/epoch-0001.safetensors", b"x"),
    ]
    found = open_run(zipped([*entries, *surplus]))
    names = {
        place.relative_to(found.folder).as_posix()
        for place in found.folder.rglob("*")
        if place.is_file()
    }
    assert names == {name for name, _ in entries}


@pytest.mark.parametrize(
    "name", ["../run.json", "/etc/passwd", "a/../../b", "C:/x", "..\\x", "weights/../../x"]
)
def test_names_that_lead_out_are_refused(entries: Entries, name: str) -> None:
    with pytest.raises(ValueError, match="a place outside of itself"):
        open_run(zipped([*entries, (name, b"x")]))


def _without_head(entries: Entries) -> Entries:
    return [row for row in entries if row[0] != schema.HEAD]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda entries: [], "no run"),
        (_without_head, "no run"),
        (lambda entries: [*entries, ("other/run.json", b"{}")], "no run"),
        (lambda entries: [(f"a/b/{name}", content) for name, content in entries], "no run"),
        (lambda entries: [*entries, ("./trace.csv", b"")], "trace.csv twice"),
        (lambda entries: entries[1:], "weights/epoch-0000.safetensors"),
        (lambda entries: [*_without_head(entries), ("run.json", b"{}")], "layerscope-run"),
        (lambda entries: [*entries, *((f"{k}.txt", b"") for k in range(1_100))], "more than 1,050"),
    ],
)
def test_zips_of_something_else_are_refused(
    entries: Entries, spoil: Callable[[Entries], Entries], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        open_run(zipped(spoil(entries)))


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04" + bytes(100), b"%PDF", bytes(1000)])
def test_what_is_no_zip_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"^(The file is empty|This is not a zip|The zip is cut)"):
        open_run(content)


@pytest.mark.parametrize("left", [0.3, 0.9, 0.999])
def test_a_zip_that_was_cut_off_is_refused(run: Run, left: float) -> None:
    content = pack(run)
    with pytest.raises(ValueError, match="cut off or damaged"):
        open_run(content[: int(left * len(content))])


def test_a_bomb_is_refused_by_what_it_declares(
    entries: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "MOST_UNPACKED", 2**22)
    bomb = zipped([*_without_head(entries), ("run.json", bytes(2**23))])
    with pytest.raises(ValueError, match="more than 4 MB when it is unpacked"):
        open_run(bomb)


def test_a_bomb_that_declares_little_is_stopped(
    entries: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "MOST_UNPACKED", 2**22)
    bomb = zipped([*_without_head(entries), ("run.json", bytes(2**23))])
    # Both places where the size of the large entry is told.
    bomb = bomb.replace((2**23).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    with pytest.raises(ValueError, match=r"unpacked|damaged|run\.json"):
        open_run(bomb)


def test_a_zip_that_is_too_large_is_not_opened(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setattr(sharing, "MOST_ZIP", 2**18)
    with pytest.raises(ValueError, match="at most 0 MB are accepted"):
        open_run(pack(run))


def test_a_full_disk_is_a_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    content = pack(run)

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ValueError, match="cannot be unpacked here: No space left"):
        open_run(content)
