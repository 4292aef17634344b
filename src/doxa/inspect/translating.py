"""Messages and answers in Inspect's words, and back."""

from collections.abc import Sequence

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    ModelOutput,
    ModelUsage,
    StopReason,
)

from doxa.models.protocol import Answer, Message, Role, Stop

KINDS: dict[Role, type[ChatMessageSystem] | type[ChatMessageUser] | type[ChatMessageAssistant]] = {
    "system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant,
}  # fmt: skip
REASONS: dict[Stop, StopReason] = {"stop": "stop", "length": "max_tokens", "filtered": "content_filter"}


def chat(messages: Sequence[Message]) -> list[ChatMessage]:
    """Returns a conversation as Inspect's messages."""
    return [KINDS[message.role](content=message.content) for message in messages]


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
