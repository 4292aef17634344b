"""The solver: puts a sample's conversation to the subject, and argues it out where the stress is an adversary."""

from inspect_ai.model import GenerateConfig, Model, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver

from doxa.conditions.dialogue import adversary_messages
from doxa.errors import CallError
from doxa.inspect.cells import cell_of
from doxa.models.hosted import answer_of, chat, inspect_config, provider_seed
from doxa.models.protocol import GenerateRequest, Message, Sampling
from doxa.study.answering import ARGUMENT_TOKENS, says_something
from doxa.study.planning import Cell, dialogue_of


@solver
def put(seed: int, adversary: str | None = None) -> Solver:
    """Asks the subject what its sample says.

    Args:
        seed: Of all epochs; each draws with a seed of its own that comes from it, as each draw does in a study.
        adversary: Who argues, by name; left out, the model role `adversary`.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        cell = cell_of(state.metadata, "rubric", state.epoch - 1)
        settings = {"seed": provider_seed(seed, cell.sample)}
        if tokens := state.metadata["cell"].get("max_tokens"):
            settings["max_tokens"] = tokens
        opening = _request(state, seed, cell)
        state = await generate(state, **settings)  # pyright: ignore[reportArgumentType]
        if cell.condition.stress.kind != "adversarial":
            return state
        other = get_model(adversary) if adversary else get_model(role="adversary", required=True)
        dialogue = dialogue_of(cell, opening)
        while dialogue.argued < dialogue.rounds and says_something(answer_of(state.output)):
            dialogue = dialogue.answer(answer_of(state.output).text)
            asked = adversary_messages(dialogue, cell.fact)
            argument = await _argument(other, opening.model_copy(update={"messages": asked}))
            dialogue = dialogue.argue(argument)
            state.messages = chat(dialogue.messages)
            state = await generate(state, **settings)  # pyright: ignore[reportArgumentType]
        return state

    return solve


def _request(state: TaskState, seed: int, cell: Cell) -> GenerateRequest:
    """Returns what the subject is asked first, drawn as an adversary's arguments are."""
    turns = tuple(
        Message(role=message.role, content=message.text) for message in state.messages if message.role != "tool"
    )
    return GenerateRequest(messages=turns, sampling=Sampling(max_tokens=ARGUMENT_TOKENS, seed=seed), sample=cell.sample)


async def _argument(adversary: Model, request: GenerateRequest) -> str:
    """Returns the adversary's next argument.

    Raises:
        CallError: It gave none, so nobody knows what the subject would have answered.
    """
    config: GenerateConfig = inspect_config(request)
    said = answer_of(await adversary.generate(chat(request.messages), config=config))
    if not says_something(said):
        raise CallError(f"the adversary {adversary} gave no argument: {said.text}")
    return said.text
