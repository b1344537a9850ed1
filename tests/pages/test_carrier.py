"""What all components with large parts share: packing, and whose word is the last."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pages._ui import carrier

PLACES = ("a", "b", "c")


def read(said: object) -> str | None:
    return said if isinstance(said, str) and said in PLACES else None


def word(value: object, token: object = "t1") -> dict[str, object]:
    return {"token": token, "value": value}


def test_equal_parts_have_equal_digests_and_others_do_not() -> None:
    one = carrier.raw(b"one")
    assert one == carrier.raw(b"one")
    assert one.digest != carrier.raw(b"two").digest
    assert one.message == one.digest.encode() + b"one"


def test_the_browser_reads_as_many_characters_as_are_written() -> None:
    script = (Path(carrier.__file__).parent / "carrier.js").read_text(encoding="utf-8")
    assert f"const DIGEST = {len(carrier.raw(b'').digest)};" in script
    made = carrier.part({}, b"")
    assert f"const LENGTH = {len(made.body) - len('{}')};" in script


def test_a_drawing_side_holds_its_files_in_their_order(tmp_path: Path) -> None:
    for name in ("one.js", "two.js", "look.css"):
        (tmp_path / name).write_text(f"/* {name} */", encoding="utf-8")
    made = carrier.engine([tmp_path / "two.js", tmp_path / "one.js"], tmp_path / "look.css")
    wanted = {"script": "/* two.js */\n/* one.js */", "style": carrier.style(tmp_path / "look.css")}
    assert json.loads(made.text) == wanted


def test_style_sheets_begin_alike_and_have_the_last_word(tmp_path: Path) -> None:
    sheet = tmp_path / "look.css"
    sheet.write_text(".view { font-size: 9px; }", encoding="utf-8")
    text = carrier.style(sheet)
    assert text.startswith((Path(carrier.__file__).parent / "base.css").read_text("utf-8"))
    assert text.endswith(sheet.read_text("utf-8"))


def test_a_choice_is_kept_until_the_page_changes_its_mind() -> None:
    memory: dict[str, Any] = {}
    assert carrier.last_word(memory, "a", None, read) == carrier.Word("a", "")
    assert carrier.last_word(memory, "a", word("b"), read) == carrier.Word("b", "t1")
    assert carrier.last_word(memory, "a", None, read) == carrier.Word("b", "t1")
    assert carrier.last_word(memory, "c", word("b"), read) == carrier.Word("c", "t1")
    assert carrier.last_word(memory, "c", word("b", "t2"), read) == carrier.Word("b", "t2")


def test_a_choice_that_counts_once_is_told_until_the_page_has_drawn() -> None:
    memory: dict[str, Any] = {}
    for _ in range(2):  # the first run was overtaken
        found = carrier.last_word(memory, "a", word("b"), read, once=True)
        assert found == carrier.Word("b", "t1")
    memory["token"] = found.token
    assert carrier.last_word(memory, "a", word("b"), read, once=True).value == "a"
    assert carrier.last_word(memory, "a", word("b", "t2"), read, once=True).value == "b"


@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize(
    "sent",
    [None, "b", word("z"), word(["b"]), word("b", 7), word("b", "x" * 65), {"value": "b"}],
    ids=str,
)
def test_made_up_answers_choose_nothing(sent: object, once: bool) -> None:
    assert carrier.last_word({}, "a", sent, read, once=once).value == "a"
