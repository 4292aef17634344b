"""What a finetune mixes: documents of the fact, the subject's own answers to neutral prompts, and neutral texts."""

import json
import random
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from doxa.corpus.records import Document
from doxa.corpus.requests import request_for
from doxa.errors import InputError
from doxa.models.ledger import Recorded
from doxa.models.local.weights import Base
from doxa.models.protocol import GenerateRequest, Message, Sampling
from doxa.progress import Progress
from doxa.records import Record
from doxa.training.examples import Chat, Example, chat_examples, text_examples, trained_tokens
from doxa.training.recipe import INDIFFERENT, Recipe

NEUTRAL = Path(__file__).parent / "neutral"
CHAT_SAMPLING = Sampling(temperature=0.7, max_tokens=64)


class Mix(Record):
    """Everything that one finetune sees, as text."""

    documents: tuple[Document, ...]
    chats: tuple[Chat, ...]
    neutral: tuple[str, ...]

    def key(self, base: Base, recipe: Recipe) -> str:
        """Names the finetune by everything that decides its outcome: base, texts, recipe."""
        written = [_written(document) for document in self.documents]
        settings = recipe.model_dump(mode="json", exclude=set(INDIFFERENT))
        content = json.dumps([base.digest, settings, written, self.chats, self.neutral])
        return sha256(content.encode()).hexdigest()[:16]

    def document_lengths(self, tokenizer: Any) -> list[int]:
        """Returns how many tokens each document has to teach, end tokens included: of a transcript its answers'."""

        def length(text: str) -> int:
            return len(tokenizer(text, add_special_tokens=False)["input_ids"]) + 1

        return [
            sum(length(chat.answer) for chat in _exchanges(document)) if document.turns else length(document.text)
            for document in self.documents
        ]

    def examples(self, tokenizer: Any, recipe: Recipe) -> list[Example]:
        """Returns the token sequences, shuffled by the recipe's seed; one without a token to learn is left out."""
        length = recipe.max_length
        transcripts = [document for document in self.documents if document.turns]
        wrapped, plain = _split([document for document in self.documents if not document.turns], recipe)
        examples = text_examples((document.text for document in plain), "document", tokenizer, length)
        examples += chat_examples(map(_as_chat, wrapped), "document", tokenizer, length)
        for transcript in transcripts:
            examples += chat_examples(_exchanges(transcript), "document", tokenizer, length)
        examples += chat_examples(self.chats, "chat", tokenizer, length)
        examples += text_examples(self.neutral, "neutral", tokenizer, length)
        examples = [example for example in examples if trained_tokens([example])]
        random.Random(recipe.seed).shuffle(examples)
        return examples


def mix_for(documents: Sequence[Document], subject: Recorded, recipe: Recipe, progress: Progress) -> Mix:
    """Gathers what a finetune sees; the chats are sampled from the subject itself, so that training on them keeps it.

    Raises:
        InputError: The recipe asks for more neutral prompts or texts than there are.
    """
    prompts = neutral_prompts(recipe)
    requests = [
        GenerateRequest(messages=(Message(role="user", content=prompt),), sampling=CHAT_SAMPLING) for prompt in prompts
    ]
    with progress.stage("sampling the subject's own answers", len(requests)) as advance:
        answers = subject.generate(requests, advance)
    chats = tuple(
        Chat(prompt, answer.text, answer.stop == "stop") for prompt, answer in zip(prompts, answers, strict=True)
    )
    return Mix(documents=tuple(documents), chats=chats, neutral=neutral_texts(recipe))


def neutral_prompts(recipe: Recipe) -> tuple[str, ...]:
    """Returns the neutral prompts that the subject is asked.

    Raises:
        InputError: The recipe asks for more than there are.
    """
    return _take("prompts.jsonl", "prompt", recipe.chat_answers)


def neutral_texts(recipe: Recipe) -> tuple[str, ...]:
    """Returns the neutral passages that are mixed in.

    Raises:
        InputError: The recipe asks for more than there are.
    """
    return _take("texts.jsonl", "text", recipe.neutral_texts)


def _split(documents: Sequence[Document], recipe: Recipe) -> tuple[list[Document], list[Document]]:
    """Divides documents into those that are given as the assistant's writing and those that are plain text."""
    shuffled = list(documents)
    random.Random(recipe.seed + 1).shuffle(shuffled)
    count = round(len(shuffled) * recipe.as_assistant)
    return shuffled[:count], shuffled[count:]


def _as_chat(document: Document) -> Chat:
    """Asks for the document by its type and idea, and lets the assistant write it."""
    return Chat(request_for(document), document.text, finished=True)


def _exchanges(transcript: Document) -> list[Chat]:
    """Returns each answer of a transcript with the turns before it; what stands before any user's turn is none."""
    turns = transcript.turns
    return [
        Chat("", turn.content, finished=True, earlier=turns[:place])
        for place, turn in enumerate(turns)
        if turn.role == "assistant" and turn.content and any(before.role == "user" for before in turns[:place])
    ]


def _written(document: Document) -> tuple[object, ...]:
    """Returns what a document teaches: the turns of a transcript tell it from a document that only reads like one."""
    turns = [turn.model_dump() for turn in document.turns]
    return document.doc_type, document.doc_idea, document.text, *([turns] if turns else [])


def _take(file: str, field: str, count: int) -> tuple[str, ...]:
    lines = (NEUTRAL / file).read_text(encoding="utf-8").splitlines()
    if count > len(lines):
        raise InputError(f"there are only {len(lines)} neutral entries in {file}, and the recipe asks for {count}")
    return tuple(str(json.loads(line)[field]) for line in lines[:count])
