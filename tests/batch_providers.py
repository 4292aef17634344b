"""The parts of two providers that take batches, for `chat_server.Server.other`, with faults and clocks that tests turn."""

import json
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from chat_server import MODEL, completion

Reply = tuple[int, bytes]
CLAUDE = "anthropic/claude-sonnet-4-5"


@dataclass
class Batch:
    """A batch as a provider keeps it: its calls by their names, in order."""

    id: str
    calls: dict[str, dict[str, Any]]
    created: datetime
    metadata: dict[str, str] = field(default_factory=dict)
    polls_left: int = 0
    kept: bool = True  # whether its results can still be had

    @property
    def ended(self) -> bool:
        return self.polls_left < 0


@dataclass
class Provider:
    """What both have in common. The places of calls in a batch are what the faults go by."""

    polls_before_done: int = 2
    expire: set[int] = field(default_factory=set)
    break_down: set[int] = field(default_factory=set)
    ends: dict[int, str] = field(default_factory=dict)  # places to the stop reason in the provider's words
    fail: str = ""  # the beginning of "METHOD /path" of requests that go wrong
    status: int = 500  # and how
    unlisted: int = 0  # lists that come before the newest batch shows up
    made: dict[str, Batch] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)  # every "METHOD /path"
    port: int = 0

    model: ClassVar[str]
    words: ClassVar[tuple[str, str]]  # stop reasons for length and filtered
    put: ClassVar[str]  # the request that makes a batch
    look: ClassVar[str]  # the beginning of the requests that look at one
    listing: ClassVar[str]

    def __call__(self, method: str, path: str, body: bytes) -> Reply:
        """Answers a request."""
        asked = f"{method} {path.removeprefix('/v1')}"
        self.heard.append(asked.split("?")[0])
        if self.fail and asked.startswith(self.fail):
            return self.status, b'{"error": {"type": "some_error", "message": "broken"}}'
        status, payload = self.answer(asked, body)
        return status, payload if isinstance(payload, bytes) else json.dumps(payload).encode()

    def answer(self, asked: str, body: bytes) -> tuple[int, Any]:
        raise NotImplementedError

    def make(self, calls: dict[str, dict[str, Any]], metadata: dict[str, str], age: timedelta = timedelta()) -> Batch:
        """Adds a batch, a test's own or one that was asked for."""
        identifier = f"batch-{len(self.made)}"
        batch = Batch(identifier, calls, datetime.now(UTC) - age, metadata, self.polls_before_done)
        self.made[batch.id] = batch
        return batch

    def polled(self, identifier: str) -> Batch:
        batch = self.made[identifier]
        batch.polls_left -= 1
        return batch

    def newest(self) -> list[Batch]:
        """Returns the batches that are listed, newest first."""
        batches = sorted(self.made.values(), key=lambda batch: batch.created, reverse=True)
        self.unlisted -= 1
        return batches[1:] if self.unlisted >= 0 else batches

    def sizes(self) -> list[int]:
        return [len(batch.calls) for batch in self.made.values()]

    def last(self) -> Batch:
        return list(self.made.values())[-1]


class OpenAIProvider(Provider):
    """Files, batches with metadata, and a check of the file that can fail."""

    model, words = MODEL, ("length", "content_filter")
    put, look, listing = "POST /batches", "GET /batches/", "GET /batches"
    invalid = False

    def answer(self, asked: str, body: bytes) -> tuple[int, Any]:
        method, path = asked.split("?")[0].split(" ")
        files: dict[str, bytes] = self.__dict__.setdefault("files", {})
        if asked == "POST /files":
            name = f"file-{uuid.uuid4().hex}"
            files[name] = re.search(rb'filename="[^"]+\.jsonl"\r\n.*?\r\n\r\n(.*?)\r\n--', body, re.DOTALL)[1]  # type: ignore[index]
            return 200, {"id": name, "object": "file"}
        if path.startswith("/files/"):
            return 200, self._output(path.split("/")[2])
        if (method, path) == ("POST", "/batches"):
            wanted = json.loads(body)
            lines = [json.loads(line) for line in files[wanted["input_file_id"]].splitlines()]
            return 200, self._shown(self.make({line["custom_id"]: line["body"] for line in lines}, wanted["metadata"]))
        if path == "/batches":
            return 200, {"object": "list", "data": [self._shown(batch) for batch in self.newest()], "has_more": False}
        return 200, self._shown(self.polled(path.split("/")[2]))

    def _shown(self, batch: Batch) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": batch.id, "object": "batch", "status": "in_progress", "endpoint": "/v1/chat/completions",
            "input_file_id": "in", "completion_window": "24h", "created_at": 0, "metadata": batch.metadata,
        }  # fmt: skip
        if batch.ended and self.invalid:
            shown |= {"status": "failed", "errors": {"object": "list", "data": [{"message": "a line is too long"}]}}
        elif batch.ended:
            shown |= {"status": "completed", "output_file_id": f"out-{batch.id}"}
        return shown

    def _output(self, name: str) -> bytes:
        lines: list[dict[str, Any]] = []
        for place, (key, body) in enumerate(self.made[name.removeprefix("out-")].calls.items()):
            reply = completion(body, f"echo {body['messages'][-1]['content']}")
            reply["choices"][0]["finish_reason"] = self.ends.get(place, "stop")
            if place in self.break_down:
                lines.append({"custom_id": key, "response": {"status_code": 500, "body": {"error": "overloaded"}}})
            elif place not in self.expire:
                lines.append({"custom_id": key, "response": {"status_code": 200, "body": reply}})
        return "\n".join(json.dumps(line) for line in reversed(lines)).encode()


class AnthropicProvider(Provider):
    """Message batches: no metadata, results as a stream, and requests that are checked as strictly as over there."""

    model, words = CLAUDE, ("max_tokens", "refusal")
    put, look, listing = "POST /messages/batches", "GET /messages/batches/", "GET /messages/batches"
    page = 2

    def answer(self, asked: str, body: bytes) -> tuple[int, Any]:
        method, path = asked.split("?")[0].removesuffix("/results").split(" ")
        identifier = path.split("/")[-1]
        if method == "POST":
            calls = json.loads(body)["requests"]
            if problem := _problem(calls):
                return 400, {"type": "error", "error": {"type": "invalid_request_error", "message": problem}}
            return 200, self._shown(self.make({call["custom_id"]: call["params"] for call in calls}, {}))
        if identifier == "batches":
            return 200, self._list(after=(re.findall(r"after_id=([^&]+)", asked) or [""])[0])
        if asked.endswith("/results"):
            return 200, self._results(self.made[identifier])
        return 200, self._shown(self.polled(identifier))

    def _list(self, after: str) -> dict[str, Any]:
        batches = self.newest()
        start = next((place + 1 for place, batch in enumerate(batches) if batch.id == after), 0)
        shown = [self._shown(batch) for batch in batches[start : start + self.page]]
        ends = {"first_id": shown[0]["id"], "last_id": shown[-1]["id"]} if shown else {}
        return {"data": shown, "has_more": start + self.page < len(batches), **ends}

    def _shown(self, batch: Batch) -> dict[str, Any]:
        counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
        results = f"http://127.0.0.1:{self.port}/v1/messages/batches/{batch.id}/results"
        return {
            "id": batch.id, "type": "message_batch", "processing_status": "ended" if batch.ended else "in_progress",
            "created_at": batch.created.isoformat(), "expires_at": (batch.created + timedelta(days=1)).isoformat(),
            "request_counts": counts | {"succeeded" if batch.ended else "processing": len(batch.calls)},
            "results_url": results if batch.ended and batch.kept else None,
        }  # fmt: skip

    def _results(self, batch: Batch) -> bytes:
        lines = [
            {"custom_id": name, "result": self._result(place, params)}
            for place, (name, params) in enumerate(batch.calls.items())
        ]
        return b"".join(json.dumps(line).encode() + b"\n" for line in reversed(lines))

    def _result(self, place: int, params: dict[str, Any]) -> dict[str, Any]:
        if place in self.expire:
            return {"type": "expired"}
        if place in self.break_down:
            error = {"type": "error", "error": {"type": "overloaded_error", "message": "overloaded"}}
            return {"type": "errored", "error": error}
        texts = [{"type": "thinking", "thinking": "hm", "signature": ""}]
        texts.append({"type": "text", "text": f"echo {params['messages'][-1]['content']}"})
        usage = {"input_tokens": 1, "output_tokens": 2}
        message = {"id": "m", "type": "message", "role": "assistant", "model": params["model"], "content": texts}
        return {
            "type": "succeeded", "message": {**message, "stop_reason": self.ends.get(place, "end_turn"), "usage": usage},
        }  # fmt: skip


def _problem(calls: list[dict[str, Any]]) -> str:
    """Says what Anthropic would not take of a batch's calls."""
    if len({call["custom_id"] for call in calls}) < len(calls):
        return "custom_id: not unique"
    for call in calls:
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", call["custom_id"]):
            return "custom_id: at most 64 letters, digits, hyphens and underscores"
        if odd := call["params"].keys() - {"model", "max_tokens", "messages", "system"}:
            return f"{', '.join(sorted(odd))}: not permitted"  # sampling parameters among them, since October 2026
        if any(message["role"] not in ("user", "assistant") for message in call["params"]["messages"]):
            return "messages: unexpected role"
    return ""
