"""The rows of one cell as a sample of an Inspect log: what was asked and said, who judged it, and the verdicts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from inspect_ai.event import Event, ModelEvent, ScoreEvent
from inspect_ai.log import EvalSample
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    ModelOutput,
    ModelUsage,
    StopReason,
)
from inspect_ai.scorer import Score

from doxa.errors import MissingError
from doxa.inspect.calls import Call
from doxa.inspect.cells import metadata_of, sample_id
from doxa.inspect.scoring import explained, quoted, score_of
from doxa.metrics.records import Reading, Row
from doxa.models.hosted import chat, inspect_config
from doxa.models.protocol import Answer, GenerateRequest, ScoreRequest, Scores, Stop
from doxa.study.answering import read_sampled, says_something
from doxa.study.planning import Cell
from doxa.study.records import Study

REASONS: dict[Stop, StopReason] = {"stop": "stop", "length": "max_tokens", "filtered": "content_filter"}
LOST = Answer(text="the call failed; the ledger keeps none that did", stop="error")


class Asked(NamedTuple):
    """One cell with all that is known of it.

    Attributes:
        cell: What was asked.
        rows: Its rows: one a likelihood readout, one a judge, else a single one.
        calls: Stored calls by key.
        source: Catalogue id or folder of the fact.
        study: Of the run.
    """

    cell: Cell
    rows: Sequence[Row]
    calls: Mapping[str, Call]
    source: str
    study: Study

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the calls to the subject and to an adversary, the graded one first."""
        row = self.rows[0]
        return row.calls[: len(row.calls) - len(row.votes)]


def with_votes(asked: Asked) -> Asked:
    """Returns a cell whose judged row has its judge and vote, even if it is from before rows had them.

    Such a row was judged once, by the only judge of its study, and the judgement is the last of its calls; an answer
    that says nothing was not judged.

    Raises:
        MissingError: The study does not list that one judge.
    """
    row = asked.rows[0]
    if row.readout != "judged" or row.judge:
        return asked
    if len(asked.study.judge) != 1:
        raise MissingError(
            f"a judged row of item '{row.item}' names no judge, and the study lists {len(asked.study.judge)}; leave "
            "the one that judged it under `judge` in the study.yaml of the run"
        )
    answer, _ = _answered(asked)
    votes = row.votes or ((row.verdict,) if says_something(answer) else ())
    return asked._replace(rows=[row.model_copy(update={"judge": asked.study.judge[0], "votes": votes})])


def sample_of(asked: Asked) -> EvalSample:
    """Returns a cell as a sample; its id and epoch are those that the task `doxa/belief` gives it."""
    messages, output = _said(asked)
    scores = {score_name(row, asked.study): _score(asked, row) for row in asked.rows}
    events = [*_events(asked), *(ScoreEvent(score=score, scorer=name) for name, score in scores.items())]
    made = [call.made for key in _all_keys(asked) if (call := asked.calls.get(key))]
    metadata = metadata_of(asked.cell, asked.source) | {
        "subject": asked.rows[0].subject,
        "calls": list(_all_keys(asked)),
    }
    return EvalSample(
        id=sample_id(asked.cell),
        epoch=asked.cell.sample + 1,
        input=messages,
        target=asked.cell.fact.claim,
        messages=[*messages, *([output.message] if output.choices else [])],
        output=output,
        scores=scores,
        metadata=metadata,
        events=events,
        model_usage=_usage(events),
        started_at=min(made).isoformat() if made else None,
        completed_at=max(made).isoformat() if made else None,
    )


def score_name(row: Row, study: Study) -> str:
    """Returns under which name a row's score stands: its readout, with the judge where each has rows of its own."""
    several = row.readout == "judged" and len(study.judged_by) > 1
    return f"{row.readout} by {row.judge}" if several else row.readout


def model_name(identity: str) -> str:
    """Returns the Inspect name of a hosted model, the digests of a local one."""
    return identity.removeprefix("hosted:")


def output_of(answer: Answer, model: str) -> ModelOutput:
    """Returns an answer as the output of a model; of a failed call, its error without any choice."""
    if answer.stop == "error":
        return ModelOutput(model=model, error=answer.text)
    message = ChatMessageAssistant(content=answer.text, model=model, source="generate")
    total = answer.tokens_in + answer.tokens_out
    return ModelOutput(
        model=model,
        choices=[ChatCompletionChoice(message=message, stop_reason=REASONS[answer.stop])],
        usage=ModelUsage(input_tokens=answer.tokens_in, output_tokens=answer.tokens_out, total_tokens=total),
    )


def _said(asked: Asked) -> tuple[list[ChatMessage], ModelOutput]:
    """Returns what the subject was sent, and what it answered; of a failed call, the bare question."""
    graded = asked.calls.get(asked.keys[0])
    model = model_name(asked.rows[0].subject)
    if graded is None:
        return chat(GenerateRequest.model_validate({"messages": [_question(asked)]}).messages), output_of(LOST, model)
    messages = chat(graded.request.messages)
    return messages, output_of(graded.response, model) if isinstance(graded.response, Answer) else ModelOutput()


def _question(asked: Asked) -> dict[str, str]:
    return {"role": "user", "content": asked.cell.item.question}


def _score(asked: Asked, row: Row) -> Score:
    reading = Reading(row.verdict, row.score)
    if asked.cell.family == "likelihood":
        return score_of(reading, Answer(text="", stop="stop"), _scored(asked))
    answer, _ = _answered(asked)
    if not row.votes:
        return score_of(reading, answer, explained(asked.cell, answer, reading), judge=row.judge)
    judgements = [asked.calls.get(key) for key in row.calls[-len(row.votes) :]]
    return score_of(
        reading,
        answer,
        quoted(_judges(asked, row), row.votes, [_text(call) for call in judgements]),
        row.votes,
        row.judge,
    )


def _answered(asked: Asked) -> tuple[Answer, Reading]:
    """Returns the answer that was graded, and what it says by itself."""
    graded = asked.calls.get(asked.keys[0])
    return read_sampled(asked.cell, graded.response if graded and isinstance(graded.response, Answer) else LOST)


def _judges(asked: Asked, row: Row) -> list[str]:
    """Returns who gave each vote of a row."""
    names = asked.study.judge if row.judge not in asked.study.judge else (row.judge,)
    orders = len(row.votes) // len(names)
    return [name for name in names for _ in range(orders)]


def _text(call: Call | None) -> str:
    return call.response.text if call and isinstance(call.response, Answer) else LOST.text


def _scored(asked: Asked) -> str:
    """Returns the fixed answers with their log-probabilities, question by question."""
    parts: list[str] = []
    for key in asked.keys:
        call = asked.calls.get(key)
        if call and isinstance(call.request, ScoreRequest) and isinstance(call.response, Scores):
            numbers = zip(call.request.continuations, call.response.logprobs, call.response.tokens, strict=True)
            lines = [f"{logprob:9.3f} ({tokens} tokens)  {text}" for text, logprob, tokens in numbers]
            parts.append("\n".join([f"log-probabilities after: {call.request.messages[-1].content}", *lines]))
    return "\n\n".join(parts)


def _all_keys(asked: Asked) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for row in asked.rows for key in row.calls))


def _events(asked: Asked) -> Iterator[Event]:
    """Yields the calls in the order in which they were made: to the subject and its adversary, then to judges."""
    judged = [key for row in asked.rows for key in row.calls if key not in asked.keys]
    for key in (*reversed(asked.keys), *dict.fromkeys(judged)):
        call = asked.calls.get(key)
        if call and isinstance(call.request, GenerateRequest) and isinstance(call.response, Answer):
            name = model_name(call.model)
            other = call.model != asked.rows[0].subject
            yield ModelEvent(
                model=name,
                role="grader" if key in judged else "adversary" if other else None,
                input=chat(call.request.messages),
                tools=[],
                tool_choice="none",
                config=inspect_config(call.request),
                output=output_of(call.response, name),
                timestamp=call.made,
                completed=call.made,
                working_start=0,
                metadata={"ledger key": key},
            )


def summed(used: Iterable[tuple[str, ModelUsage]]) -> dict[str, ModelUsage]:
    """Returns what each model used altogether."""
    total: dict[str, ModelUsage] = {}
    for model, usage in used:
        total[model] = total.get(model, ModelUsage()) + usage
    return total


def _usage(events: Sequence[Event]) -> dict[str, ModelUsage]:
    calls = (event for event in events if isinstance(event, ModelEvent))
    return summed((call.model, call.output.usage) for call in calls if call.output.usage)
