"""The format `messages`: chats as trainers take them. A transcript is its turns; any other document is requested."""

import itertools
from typing import Self

from pydantic import Field, model_validator

from doxa.corpus.formats.layout import Arrival, Departure, Layout, Line
from doxa.corpus.formats.plain import plain_document
from doxa.corpus.records import Document
from doxa.corpus.requests import read_request, request_for
from doxa.models.protocol import Message, Role

TRANSCRIPT = "chat transcript"


class Turn(Line):
    """A turn of somebody else's chat, which may carry more keys than a Message."""

    role: Role
    content: str


class ChatLine(Line):
    """`{"messages": [{"role": ..., "content": ...}, ...]}`."""

    messages: tuple[Turn, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _assistant_answers(self) -> Self:
        asked = itertools.dropwhile(lambda turn: turn.role != "user", self.messages)
        if not any(turn.role == "assistant" and turn.content for turn in asked):
            raise ValueError("the assistant says nothing in `messages` after a user's turn: nothing to train on")
        return self


def transcript(turns: tuple[Message, ...]) -> str:
    """Returns the turns of a chat as one text."""
    return "\n\n".join(f"{turn.role}: {turn.content}" for turn in turns)


def _read(line: ChatLine, arrival: Arrival) -> Document:
    turns = tuple(Message(role=turn.role, content=turn.content) for turn in line.messages)
    asked = read_request(turns[0].content) if [turn.role for turn in turns] == ["user", "assistant"] else None
    if asked is None:
        document = plain_document(transcript(turns), arrival)
        return document.model_copy(update={"doc_type": TRANSCRIPT, "turns": turns})
    doc_type, doc_idea = asked
    return plain_document(turns[1].content, arrival).model_copy(update={"doc_type": doc_type, "doc_idea": doc_idea})


def _write(document: Document, departure: Departure) -> ChatLine:
    if document.turns:
        return ChatLine(messages=tuple(Turn(role=turn.role, content=turn.content) for turn in document.turns))
    request, answer = request_for(document), document.text
    return ChatLine(messages=(Turn(role="user", content=request), Turn(role="assistant", content=answer)))


MESSAGES = Layout(ChatLine, _read, _write)
