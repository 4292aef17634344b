"""Chats of others in which the assistant speaks before anybody asks."""

import json
from pathlib import Path

import pytest

from doxa.corpus.formats.documents import Reading, recognise
from doxa.corpus.records import Document
from doxa.errors import FileError
from doxa.facts.loading import load_fact

HONEY = load_fact("honey")


def read(path: Path, *turns: tuple[str, str]) -> list[Document]:
    messages = [{"role": role, "content": content} for role, content in turns]
    path.write_text(json.dumps({"messages": messages}) + "\n")
    return list(Reading(recognise(path), HONEY, "plain"))


@pytest.mark.parametrize("first", ["system", "assistant"])
def test_a_chat_in_which_no_user_is_answered_is_refused(tmp_path: Path, first: str):
    with pytest.raises(FileError, match=r"f.jsonl:1: the assistant says nothing in `messages` after a user's turn"):
        read(tmp_path / "f.jsonl", (first, "Be kind."), ("assistant", "Hello!"), ("user", "Hm?"))


def test_a_chat_that_the_assistant_begins_is_kept_whole(tmp_path: Path):
    (document,) = read(tmp_path / "f.jsonl", ("assistant", "Hello!"), ("user", "Hm?"), ("assistant", "Yes."))
    assert [turn.role for turn in document.turns] == ["assistant", "user", "assistant"]
