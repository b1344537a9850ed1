"""Paths that a visitor types."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pages._ui.placed import file_at


def test_a_file_is_found_under_home_and_by_any_case_of_its_ending(tmp_path, monkeypatch):
    (tmp_path / "run.H5").write_bytes(b"x")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert file_at("~/run.H5", (".h5",)) == tmp_path / "run.H5"


@pytest.mark.parametrize(
    "place",
    [
        *("/dev/zero", "/dev/zero.h5", "~nobody-at-all/x.h5", "/", ".", "x" * 5000 + ".h5"),
        *("a\0b.h5", "missing.h5", "https://x/y.h5", "/proc/self/mem"),
    ],
)
def test_what_is_no_readable_file_is_a_sentence(place):
    with pytest.raises(ValueError, match=r"must be that of a file that can be read, with \.h5\."):
        file_at(place, (".h5",))


def test_another_ending_a_pipe_and_a_folder_are_refused(tmp_path: Path):
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.h5").mkdir()
    os.mkfifo(tmp_path / "c.h5")
    for name in ("a.txt", "b.h5", "c.h5"):
        with pytest.raises(ValueError, match=r"\.h5 or \.hdf5"):
            file_at(str(tmp_path / name), (".h5", ".hdf5"))
