"""Results on disk: what is saved comes back, and nothing wrong is ever served."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import dataclass, field, make_dataclass
from pathlib import Path

import numpy as np
import pytest

from xai.store import Store, archive, cache_root
from xai.store.archive import key_text
from xai.types import Layer, Paper, Params, Prediction, number

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Strength(Params):
    eps: float = number(0.1, 0.0, 1.0, 0.01, help="Largest change of a pixel.")
    steps: int = number(40, 1, 1000, 1, help="Number of steps.")


@dataclass(frozen=True)
class AttackKey:
    model: str
    image: str = "0f3a"
    params: Strength = field(default_factory=Strength)
    layers: tuple[str, ...] = ()
    target: int | None = None
    fine: bool = False


@dataclass(frozen=True)
class LooseKey:
    value: object


@dataclass(frozen=True, eq=False)
class Outside:
    points: np.ndarray


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results")


def only_file(store):
    (path,) = store.root.iterdir()
    return path


def rewrite(path, change):
    """Change the header of a stored file and leave its arrays as they are."""
    with zipfile.ZipFile(path) as archive_file:
        members = {name: archive_file.read(name) for name in archive_file.namelist()}
    header = json.loads(members["header.json"])
    change(header)
    members["header.json"] = json.dumps(header).encode()
    with zipfile.ZipFile(path, "w") as archive_file:
        for name, content in members.items():
            archive_file.writestr(name, content)


def refuses(store, key, caplog, why=""):
    """Check that a file is not served, that it is said, and that it is gone."""
    (path,) = list(store.root.iterdir())
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        assert store.load(key) is None
    assert len(caplog.records) == 1
    assert path.name in caplog.text
    assert why in caplog.text
    assert not path.exists()
    return True


# ------------------------------------------------------------------ the folder
def test_the_cache_is_beside_the_package_unless_the_environment_says_otherwise(
    monkeypatch, tmp_path
):
    monkeypatch.delenv("LAYERSCOPE_CACHE", raising=False)
    assert cache_root() == PROJECT / "cache"
    monkeypatch.setenv("LAYERSCOPE_CACHE", str(tmp_path / "elsewhere"))
    assert cache_root() == (tmp_path / "elsewhere").resolve()
    assert Store().root.is_relative_to(cache_root())
    assert not cache_root().exists()


def test_a_file_is_named_by_the_kind_of_its_key(store):
    assert store.save(AttackKey("lenet5-mnist"), 1.0)
    assert only_file(store).name.startswith("attack-key-")


# ---------------------------------------------------------------------- values
@pytest.mark.parametrize(
    "array",
    [
        np.arange(12, dtype=np.float32).reshape(3, 4),
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        np.arange(20)[::3],
        np.zeros((0, 3), np.uint8),
        np.float16(2.5) * np.ones(()),
        np.array([np.nan, np.inf, -0.0]),
        np.array([True, False]),
        np.array(["seven", "Ünïcode"]),
        np.arange(3, dtype=">i4"),
    ],
)
def test_an_array_comes_back_as_it_was(store, array):
    assert store.save(AttackKey("m"), array)
    loaded = store.load(AttackKey("m"))
    assert loaded.dtype == array.dtype
    assert loaded.shape == array.shape
    assert loaded.tobytes() == array.tobytes()


def test_a_dict_of_arrays_comes_back(store):
    value = {"features.0": np.ones((2, 3), np.float32), "head": np.arange(4)}
    assert store.save(AttackKey("m"), value)
    loaded = store.load(AttackKey("m"))
    assert list(loaded) == ["features.0", "head"]
    assert all(np.array_equal(loaded[name], value[name]) for name in value)


def test_a_result_of_xai_comes_back_as_its_class(store):
    logits = np.array([0.5, 2.0], np.float32)
    value = Prediction(logits, np.array([0.2, 0.8], np.float32), ("nought", "øne"))
    assert store.save(AttackKey("m"), value)
    loaded = store.load(AttackKey("m"))
    assert type(loaded) is Prediction
    assert loaded.logits.dtype == np.float32
    assert np.array_equal(loaded.logits, logits)
    assert loaded.classes == value.classes
    assert loaded.name == "øne"


def test_nested_values_keep_their_types(store):
    value = (
        [1, 2.5, True, None, "x"],
        {"sum": 1e-300, 7: float("inf")},
        (Layer("conv", "Conv2d", (6, 28, 28), 156, 117600, 5), Paper("A", "B", 2015)),
        np.float32(0.1),
        (),
    )
    assert store.save(AttackKey("m"), value)
    loaded = store.load(AttackKey("m"))
    assert loaded == value
    assert type(loaded[3]) is np.float32
    assert [type(item) for item in loaded[0]] == [int, float, bool, type(None), str]


def test_the_arrays_can_be_read_with_numpy_alone(store):
    store.save(AttackKey("m"), np.arange(5))
    with np.load(only_file(store), allow_pickle=False) as file:
        assert np.array_equal(file["0"], np.arange(5))


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (np.array([{}], dtype=object), "object"),
        (np.ma.masked_array([1, 2], [True, False]), "MaskedArray"),
        ({"ok": 1, "bad": {1, 2}}, "set"),
        (Outside(np.ones(2)), "xai"),
        (lambda: None, "function"),
        ({(1, 2): 3}, "dict keys"),
        (np.zeros(2, np.dtype("V2")), "dtype"),
    ],
)
def test_what_would_need_a_pickle_is_refused(store, value, named):
    with pytest.raises(TypeError, match=named):
        store.save(AttackKey("m"), value)
    assert not store.root.exists()


def test_a_registered_class_from_elsewhere_is_kept(tmp_path):
    store = Store(tmp_path, types=[Outside])
    assert store.save(AttackKey("m"), Outside(np.arange(3)))
    assert np.array_equal(store.load(AttackKey("m")).points, np.arange(3))
    assert Store(tmp_path).load(AttackKey("m")) is None
    with pytest.raises(TypeError, match="frozen dataclasses"):
        Store(tmp_path, types=[dict])


# ------------------------------------------------------------------------ keys
def test_equal_keys_meet_and_every_field_tells_keys_apart(store):
    key = AttackKey("m", "img", Strength(eps=0.2), ("a", "b"), 3, True)
    others = [
        AttackKey("m2", "img", Strength(eps=0.2), ("a", "b"), 3, True),
        AttackKey("m", "img2", Strength(eps=0.2), ("a", "b"), 3, True),
        AttackKey("m", "img", Strength(eps=0.3), ("a", "b"), 3, True),
        AttackKey("m", "img", Strength(eps=0.2, steps=41), ("a", "b"), 3, True),
        AttackKey("m", "img", Strength(eps=0.2), ("a,b",), 3, True),
        AttackKey("m", "img", Strength(eps=0.2), ("a", "b"), None, True),
        AttackKey("m", "img", Strength(eps=0.2), ("a", "b"), 3, False),
    ]
    store.save(key, "the value")
    assert store.load(AttackKey("m", "img", Strength(eps=0.2), ("a", "b"), 3, True)) == "the value"
    assert [store.load(other) for other in others] == [None] * len(others)


def test_values_that_python_calls_equal_are_told_apart():
    texts = {key_text(LooseKey(value)) for value in (1, 1.0, True, "1", (1,), ((1,),), None)}
    assert len(texts) == 7
    assert key_text(LooseKey(np.int64(3))) == key_text(LooseKey(3))
    assert key_text(LooseKey(float("nan"))) == key_text(LooseKey(float("nan")))


def test_equal_fields_of_two_classes_are_two_keys():
    other = make_dataclass("OtherKey", [("value", object)], frozen=True)
    assert key_text(LooseKey(1)) != key_text(other(1))


@pytest.mark.parametrize("value", [np.zeros(3), [1, 2], {"a": 1}, b"x", 1j, {1}, object(), print])
def test_a_key_of_anything_else_is_refused_by_field(store, value):
    for use in (store.load, lambda key: store.save(key, 1)):
        with pytest.raises(TypeError, match=r"LooseKey\.value"):
            use(LooseKey(value))
        with pytest.raises(TypeError, match=r"LooseKey\.value\.value\[1\]"):
            use(LooseKey(LooseKey(("fine", value))))


@pytest.mark.parametrize("key", ["name", 3, None, AttackKey, ("a",)])
def test_a_key_that_is_no_frozen_dataclass_is_refused(store, key):
    with pytest.raises(TypeError, match="frozen dataclass"):
        store.load(key)
    thawed = make_dataclass("Thawed", [("value", int)])
    with pytest.raises(TypeError, match="Thawed"):
        store.load(thawed(1))


# --------------------------------------------------------------------- damage
def test_no_file_means_none_and_no_warning(store, caplog):
    assert store.load(AttackKey("m")) is None
    assert not caplog.records


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"garbage" * 500, b"PK\x05\x06" + b"\0" * 18, b"\x93NUMPY\x01\0"]
)
def test_garbage_is_recomputed(store, caplog, content):
    store.save(AttackKey("m"), np.arange(5))
    only_file(store).write_bytes(content)
    assert refuses(store, AttackKey("m"), caplog, "damaged")
    assert store.save(AttackKey("m"), np.arange(6))
    assert store.load(AttackKey("m")).shape == (6,)


def test_a_truncated_file_is_recomputed_wherever_it_ends(store):
    store.save(AttackKey("m"), np.arange(50))
    path = only_file(store)
    whole = path.read_bytes()
    for length in range(0, len(whole), 13):
        path.write_bytes(whole[:length])
        assert store.load(AttackKey("m")) is None
        assert not path.exists()


def test_no_single_changed_byte_serves_a_wrong_value(store):
    value = np.arange(7, dtype=np.float32)
    store.save(AttackKey("m"), value)
    path = only_file(store)
    whole = path.read_bytes()
    refused = 0
    for index in range(len(whole)):
        path.write_bytes(whole[:index] + bytes([whole[index] ^ 0x10]) + whole[index + 1 :])
        loaded = store.load(AttackKey("m"))
        refused += loaded is None
        assert loaded is None or (loaded.dtype == value.dtype and np.array_equal(loaded, value))
    assert refused > len(whole) / 2


def test_another_format_version_is_recomputed(store, caplog):
    store.save(AttackKey("m"), 1.5)
    rewrite(only_file(store), lambda header: header.update(format=archive.FORMAT_VERSION + 1))
    assert refuses(store, AttackKey("m"), caplog, "version")


def test_an_unchanged_rewritten_file_is_served(store):
    """The other tests of this section change one thing; this one changes nothing."""
    store.save(AttackKey("m"), Paper("A", "B", 2015))
    rewrite(only_file(store), lambda header: None)
    assert store.load(AttackKey("m")) == Paper("A", "B", 2015)


def test_the_file_of_another_key_is_not_served(store, caplog):
    """A collision of digests looks like a file under the wrong name."""
    store.save(AttackKey("a"), "value of a")
    path_a = only_file(store)
    store.save(AttackKey("b"), "value of b")
    (path_b,) = set(store.root.iterdir()) - {path_a}
    path_a.replace(path_b)
    assert refuses(store, AttackKey("b"), caplog, "another key")


def test_a_new_format_version_does_not_read_old_files(store, monkeypatch):
    store.save(AttackKey("m"), 1.5)
    monkeypatch.setattr(archive, "FORMAT_VERSION", archive.FORMAT_VERSION + 1)
    assert store.load(AttackKey("m")) is None
    assert store.save(AttackKey("m"), 2.5)
    assert store.load(AttackKey("m")) == 2.5


@pytest.mark.parametrize(
    "name",
    [
        "os:system",
        "subprocess:Popen",
        "builtins:eval",
        "pathlib:Path",
        "dataclasses:Field",
        "xai.store:os.system",
        "xai.store:Store",
        "xai.store:Path",
        "xai.types:Any",
        "xai.types:find",
        "xai.__main__:main",
        "xai.types:_check",
        "xai.nowhere:Thing",
        "xaievil:Thing",
        "xai..types:Paper",
        "",
        None,
        ["xai.types:Paper"],
    ],
)
def test_a_header_cannot_choose_what_is_called(store, caplog, monkeypatch, name):
    called = []
    monkeypatch.setattr(os, "system", called.append)
    store.save(AttackKey("m"), Paper("A", "B", 2015))

    def change(header):
        header["value"] = {"class": name, "fields": {"command": "echo", "args": "echo"}}

    rewrite(only_file(store), change)
    assert refuses(store, AttackKey("m"), caplog)
    assert not called


def test_a_class_that_has_changed_since_is_recomputed(store, caplog):
    for change in (
        lambda header: header["value"]["fields"].pop("arxiv"),
        lambda header: header["value"]["fields"].update(extra=1),
    ):
        store.save(AttackKey("m"), Paper("A", "B", 2015, "1512.1"))
        rewrite(only_file(store), change)
        assert refuses(store, AttackKey("m"), caplog, "fields")


def test_a_value_out_of_its_range_is_recomputed(tmp_path, caplog):
    store = Store(tmp_path, types=[Strength])
    store.save(AttackKey("m"), Strength(eps=0.5))
    rewrite(only_file(store), lambda header: header["value"]["fields"].update(eps=7.0))
    assert refuses(store, AttackKey("m"), caplog)


def test_a_class_that_xai_only_imports_is_not_restored(store, caplog, monkeypatch):
    monkeypatch.setattr("xai.types.Outside", Outside, raising=False)
    store.save(AttackKey("m"), Paper("A", "B", 2015))

    def change(header):
        header["value"] = {"class": "xai.types:Outside", "fields": {"points": 1}}

    rewrite(only_file(store), change)
    assert refuses(store, AttackKey("m"), caplog, "class")


def test_a_pickled_array_is_not_read(store, caplog, tmp_path):
    store.save(AttackKey("m"), np.arange(3))
    path = only_file(store)
    with zipfile.ZipFile(path) as file:
        header = file.read("header.json")
    np.save(tmp_path / "evil.npy", np.array([print], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("header.json", header)
        file.write(tmp_path / "evil.npy", "0.npy")
    assert refuses(store, AttackKey("m"), caplog)


def test_a_compressed_file_is_not_unfolded(store, caplog):
    store.save(AttackKey("m"), np.zeros(10**5))
    path = only_file(store)
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    assert refuses(store, AttackKey("m"), caplog, "compressed")


def test_an_array_that_claims_to_be_huge_is_not_read(store, caplog):
    store.save(AttackKey("m"), np.arange(3))
    path = only_file(store)
    claim = {"descr": "<f8", "fortran_order": False, "shape": (10**15,)}
    with zipfile.ZipFile(path) as file:
        header = file.read("header.json")
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("header.json", header)
        with file.open("0.npy", "w") as member:
            np.lib.format.write_array_header_1_0(member, claim)
    assert refuses(store, AttackKey("m"), caplog)


def test_the_log_holds_nothing_of_the_key_or_the_value(store, caplog):
    store.save(AttackKey("private-model", "private-image"), {"private-class": 1})
    rewrite(only_file(store), lambda header: header.update(value={"private-tag": 1}))
    assert refuses(store, AttackKey("private-model", "private-image"), caplog)
    assert "private" not in caplog.text


# --------------------------------------------------------------- disk and kill
def test_an_interrupted_write_leaves_the_old_value(store, monkeypatch):
    store.save(AttackKey("m"), "old")

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            store.save(AttackKey("m"), "new")
    assert store.load(AttackKey("m")) == "old"
    assert len(list(store.root.iterdir())) == 1


def test_a_refused_rename_is_said_and_not_raised(store, monkeypatch):
    def refused(*args, **kwargs):
        raise PermissionError(13, "no")

    monkeypatch.setattr(os, "replace", refused)
    assert store.save(AttackKey("m"), "new") is False
    assert "cannot be written" in store.writable_error
    assert list(store.root.iterdir()) == []


def test_a_full_disk_is_said_once_and_forgotten_when_there_is_room(store, monkeypatch, caplog):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(archive.np.lib.format, "write_array", full)
        assert store.save(AttackKey("m"), np.ones(3)) is False
        assert store.save(AttackKey("m"), np.ones(3)) is False
    assert "disk is full" in store.writable_error
    assert len(caplog.records) == 1
    assert list(store.root.iterdir()) == []
    assert store.save(AttackKey("m"), np.ones(3)) is True
    assert store.writable_error is None


def test_a_file_where_the_folder_should_be(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    for root in (tmp_path / "file", tmp_path / "file" / "below"):
        store = Store(root)
        assert store.load(AttackKey("m")) is None
        assert store.save(AttackKey("m"), 1.0) is False
        assert store.writable_error
        store.clear()
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_folder_where_a_file_should_be(store):
    store.save(AttackKey("m"), 1.0)
    path = only_file(store)
    path.unlink()
    path.mkdir()
    assert store.load(AttackKey("m")) is None
    assert store.save(AttackKey("m"), 1.0) is False


def test_the_folder_may_vanish_at_any_time(store):
    store.save(AttackKey("m"), 1.0)
    only_file(store).unlink()
    store.root.rmdir()
    assert store.load(AttackKey("m")) is None
    assert store.save(AttackKey("m"), 2.0) is True
    assert store.load(AttackKey("m")) == 2.0


def test_what_a_killed_process_left_is_ignored_and_swept(store):
    store.save(AttackKey("m"), 1.0)
    whole = only_file(store)
    old = store.root / f".{whole.name}.0123456789abcdef.tmp"
    young = store.root / f".{whole.name}.fedcba9876543210.tmp"
    foreign = store.root / "weights.pth"
    for path in (old, young, foreign):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    os.utime(foreign, (time.time() - 7200,) * 2)
    assert store.load(AttackKey("m")) == 1.0
    fresh = Store(store.root)
    assert fresh.save(AttackKey("n"), 2.0)
    assert not old.exists()
    assert young.exists()  # another process may be writing it
    fresh.clear()
    assert list(store.root.iterdir()) == [foreign]


WRITER = """
import sys, numpy as np
from tests_key import Key
from xai.store import Store
store = Store(sys.argv[1])
print("ready", flush=True)
for number in range(10**9):
    store.save(Key("shared"), np.full(300_000, number % 100, np.float32))
"""


def start_writer(tmp_path, prefix=""):
    (tmp_path / "tests_key.py").write_text(
        "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass Key:\n    name: str\n"
    )
    path = os.pathsep.join([str(PROJECT), str(tmp_path)])
    return subprocess.Popen(
        [sys.executable, "-c", prefix + WRITER, str(tmp_path / "results")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )


def test_processes_share_a_folder_and_may_be_killed(tmp_path, monkeypatch):
    writers = [start_writer(tmp_path) for _ in range(2)]
    monkeypatch.syspath_prepend(str(tmp_path))
    from tests_key import Key

    store = Store(tmp_path / "results")
    whole = 0
    try:
        for writer in writers:
            assert writer.stdout.readline()
        until = time.monotonic() + 20
        while whole < 30 and time.monotonic() < until:
            loaded = store.load(Key("shared"))
            if loaded is not None:
                assert loaded.shape == (300_000,)
                assert loaded.min() == loaded.max()
                whole += 1
    finally:
        for writer in writers:
            writer.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
            writer.wait()
            writer.stdout.close()
    assert whole == 30
    loaded = store.load(Key("shared"))
    assert loaded.min() == loaded.max()


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
def test_a_write_that_the_system_stops_halfway_is_not_kept(tmp_path):
    script = """
import resource, sys, numpy as np
from tests_key import Key
from xai.store import Store
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
store = Store(sys.argv[1])
assert store.save(Key("small"), np.ones(10))
assert store.save(Key("large"), np.ones(10**6)) is False
assert store.writable_error
assert store.load(Key("large")) is None
assert store.load(Key("small")).sum() == 10
assert len(list(store.root.iterdir())) == 1
print("as it should be")
raise SystemExit
"""
    process = start_writer(tmp_path, prefix=script)
    out, _ = process.communicate(timeout=30)
    assert out.decode().strip() == "as it should be"
    assert process.returncode == 0


def test_threads_share_a_store(tmp_path):
    store = Store(tmp_path, max_bytes=60_000)
    wrong = []

    def work(number):
        for step in range(15):
            store.save(LooseKey(step), np.full(500, step))
            loaded = store.load(LooseKey((step + number) % 15))
            if loaded is not None and not (loaded == (step + number) % 15).all():
                wrong.append(step)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert store.writable_error is None


# ------------------------------------------------------------------------- size
def folder_bytes(store):
    return sum(path.stat().st_size for path in store.root.iterdir())


def test_the_folder_stays_below_its_bound_and_the_oldest_used_goes_first(tmp_path):
    store = Store(tmp_path, max_bytes=100_000)
    for index in range(8):
        store.save(LooseKey(index), np.zeros(10_000, np.uint8))
        for path in tmp_path.iterdir():  # the first saved is the oldest, whatever the clock
            os.utime(path, (path.stat().st_mtime - 1000,) * 2)
    assert store.load(LooseKey(0)) is not None  # used again
    for index in range(8, 12):
        store.save(LooseKey(index), np.zeros(10_000, np.uint8))
    assert folder_bytes(store) <= 100_000
    kept = [index for index in range(12) if store.load(LooseKey(index)) is not None]
    assert kept in ([0, *range(first, 12)] for first in range(4, 9))


def test_what_was_just_saved_stays_though_the_clock_was_set_back(tmp_path):
    store = Store(tmp_path, max_bytes=50_000)
    for index in range(4):
        store.save(LooseKey(index), np.zeros(10_000, np.uint8))
    for path in tmp_path.iterdir():
        os.utime(path, (time.time() + 10_000,) * 2)
    store.save(LooseKey("new"), np.zeros(10_000, np.uint8))
    assert folder_bytes(store) <= 50_000
    assert store.load(LooseKey("new")) is not None


def test_the_bound_holds_for_what_an_earlier_process_left(tmp_path):
    for index in range(10):
        Store(tmp_path).save(LooseKey(index), np.zeros(10_000, np.uint8))
    store = Store(tmp_path, max_bytes=50_000)
    store.save(LooseKey("new"), np.zeros(10_000, np.uint8))
    assert folder_bytes(store) <= 50_000
    assert store.load(LooseKey("new")) is not None


def test_one_result_larger_than_the_bound_is_not_kept(tmp_path):
    store = Store(tmp_path, max_bytes=1000)
    store.save(LooseKey("small"), 1)
    assert store.save(LooseKey("large"), np.zeros(2000, np.uint8)) is False
    assert store.writable_error is None
    assert store.load(LooseKey("small")) == 1
    with pytest.raises(ValueError, match="max_bytes"):
        Store(tmp_path, max_bytes=0)


def test_clear_removes_results_only(store):
    store.clear()
    store.save(LooseKey(1), 1)
    (store.root / "README.md").write_text("kept")
    (store.root / "mnist-10k.npz").write_text("kept")
    store.clear()
    assert store.load(LooseKey(1)) is None
    assert {path.name for path in store.root.iterdir()} == {"README.md", "mnist-10k.npz"}


# -------------------------------------------------------- results that ship with the program
@pytest.fixture
def shipped(tmp_path):
    """A folder with one result that came with the program, and its files' contents."""
    folder = tmp_path / "shipped"
    assert Store(folder).save(AttackKey("lenet"), np.arange(5))
    for path in folder.iterdir():
        path.chmod(0o444)
        os.utime(path, ns=(10**18, 10**18))
    return folder


def contents(folder):
    return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.iterdir()}


def test_what_ships_is_found_and_is_left_alone(tmp_path, shipped):
    before = contents(shipped)
    store = Store(tmp_path / "results", shipped=shipped)
    np.testing.assert_array_equal(store.load(AttackKey("lenet")), np.arange(5))
    assert store.load(AttackKey("vgg")) is None
    assert not (tmp_path / "results").exists()
    assert contents(shipped) == before


def test_several_folders_may_ship(tmp_path, shipped):
    other = tmp_path / "other"
    assert Store(other).save(AttackKey("vgg"), np.arange(3))
    store = Store(tmp_path / "results", shipped=(other, shipped))
    np.testing.assert_array_equal(store.load(AttackKey("lenet")), np.arange(5))
    np.testing.assert_array_equal(store.load(AttackKey("vgg")), np.arange(3))
    assert store.load(AttackKey("resnet")) is None


def test_an_own_result_comes_before_the_one_that_ships(tmp_path, shipped):
    before = contents(shipped)
    store = Store(tmp_path / "results", shipped=shipped)
    assert store.save(AttackKey("lenet"), np.zeros(2))
    np.testing.assert_array_equal(store.load(AttackKey("lenet")), np.zeros(2))
    store.clear()
    np.testing.assert_array_equal(store.load(AttackKey("lenet")), np.arange(5))
    assert contents(shipped) == before


def test_the_bound_counts_and_removes_own_results_alone(tmp_path, shipped):
    before = contents(shipped)
    store = Store(tmp_path / "results", shipped=shipped, max_bytes=20_000)
    for place in range(30):
        store.save(AttackKey(f"model {place}"), np.zeros(1000))
    assert len(list(store.root.iterdir())) < 30
    assert contents(shipped) == before


def test_what_ships_damaged_means_recompute_and_stays(tmp_path, shipped, caplog):
    (path,) = shipped.iterdir()
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-30])
    before = contents(shipped)
    store = Store(tmp_path / "results", shipped=shipped)
    with caplog.at_level(logging.WARNING):
        assert store.load(AttackKey("lenet")) is None
    assert "is computed again" in caplog.text
    assert store.save(AttackKey("lenet"), np.ones(3))
    np.testing.assert_array_equal(store.load(AttackKey("lenet")), np.ones(3))
    assert contents(shipped) == before


def test_an_own_damaged_result_gives_way_to_the_one_that_ships(tmp_path, shipped):
    store = Store(tmp_path / "results", shipped=shipped)
    store.save(AttackKey("lenet"), np.zeros(2))
    only_file(store).write_bytes(b"no zip")
    np.testing.assert_array_equal(store.load(AttackKey("lenet")), np.arange(5))
    assert not list(store.root.iterdir())


def test_nothing_need_ship(tmp_path):
    for folder in (tmp_path / "missing", None):
        store = Store(tmp_path / "results", shipped=folder)
        assert store.load(AttackKey("lenet")) is None
    assert not (tmp_path / "missing").exists()
