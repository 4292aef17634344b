"""Score fixed answers: everything asked is one prefix tree; logits are made only where a probability is wanted."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch

from doxa.models.local.body import Body
from doxa.models.local.memory import halving
from doxa.models.local.prefill import Budget, Run, run_tree
from doxa.models.local.trie import Node, grow
from doxa.models.protocol import Scores


class Question(NamedTuple):
    """Tokens of a prompt and of each answer to it, none of them empty."""

    prompt: list[int]
    answers: list[list[int]]


class _Read(NamedTuple):
    """A token whose probability is wanted, and which answers of which questions it belongs to."""

    token: int
    wanted_by: list[tuple[int, int]]


Reads = dict[Node, dict[int, dict[int, _Read]]]  # node, offset in its sequence, token


@torch.inference_mode()
def score(body: Body, questions: Sequence[Question], budget: Budget) -> Iterator[list[tuple[int, Scores]]]:
    """Yields (place, scores) of the questions, as they are complete."""
    root, reads = _plan_reads(questions)
    sums = [[0.0] * len(question.answers) for question in questions]
    missing = [sum(map(len, question.answers)) for question in questions]
    for run in run_tree(body, root, budget, keep=False):
        complete: list[int] = []
        for read, logprob in _read(body, run, reads, budget):
            for place, answer in read.wanted_by:
                sums[place][answer] += logprob
                missing[place] -= 1
                if not missing[place]:
                    complete.append(place)
        if complete:
            yield [
                (place, Scores(logprobs=tuple(sums[place]), tokens=tuple(map(len, questions[place].answers))))
                for place in sorted(complete)
            ]


def _plan_reads(questions: Sequence[Question]) -> tuple[Node, Reads]:
    """Grows the tree of all that must be run, and notes what is read where."""
    numbers: dict[tuple[int, ...], int] = {}
    for prompt, answers in questions:
        for answer in answers:  # the last token of an answer is only read
            numbers.setdefault((*prompt, *answer[:-1]), len(numbers))
    root, ends = grow(list(numbers))
    reads: Reads = {}
    for place, (prompt, answers) in enumerate(questions):
        for number, answer in enumerate(answers):
            node = ends[numbers[*prompt, *answer[:-1]]]
            for offset, token in reversed(list(enumerate(answer, start=len(prompt) - 1))):
                while offset < node.start:
                    assert node.parent is not None, "every offset lies on the path"
                    node = node.parent
                there = reads.setdefault(node, {}).setdefault(offset, {})
                there.setdefault(token, _Read(token, [])).wanted_by.append((place, number))
    return root, reads


def _read(body: Body, run: Run, reads: Reads, budget: Budget) -> Iterator[tuple[_Read, float]]:
    """Yields what is read in a pass, each with its natural-log probability."""
    spots: list[tuple[int, int]] = []
    wanted: list[list[_Read]] = []
    for node, row, column in run.places:
        # A stretch that is repeated in several units is read in the first of them only.
        for offset, tokens in reads.pop(node, {}).items():
            spots.append((row, column + offset - node.start))
            wanted.append(list(tokens.values()))

    def logprobs(part: Sequence[int]) -> list[list[float]]:
        rows, columns = torch.tensor([spots[place] for place in part]).to(body.device).unbind(1)
        found = body.logits(run.hidden[rows, columns]).float().log_softmax(-1)  # (part, vocabulary)
        lines = [line for line, place in enumerate(part) for _ in wanted[place]]
        tokens = [read.token for place in part for read in wanted[place]]
        values = iter(found[torch.tensor(lines), torch.tensor(tokens)].tolist())
        return [[next(values) for _ in wanted[place]] for place in part]

    size = budget.head_rows()
    waiting = iter(wanted)
    for start in range(0, len(spots), size):
        part = range(start, min(start + size, len(spots)))
        for several in halving(logprobs, part, budget.shrink):
            for values in several:
                yield from zip(next(waiting), values, strict=True)
