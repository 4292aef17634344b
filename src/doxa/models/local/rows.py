"""Lay requests out as rows of tokens: shared beginnings, padding, positions and attention masks. Knows no model."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

MIN_SHARED = 8  # tokens; below it, running the shared beginning by itself saves nothing


def shared_beginning(rows: Sequence[Sequence[int]]) -> int:
    """Returns how many first tokens all rows share, leaving every row at least one of its own."""
    if len(rows) < 2:
        return 0
    ordered = [tuple(row) for row in rows]
    first, last = min(ordered), max(ordered)  # in lexical order the two extremes share only what all share
    limit = min(len(row) for row in rows) - 1
    shared = 0
    while shared < limit and first[shared] == last[shared]:
        shared += 1
    return shared if shared >= MIN_SHARED else 0


class PromptRows(NamedTuple):
    """Left-padded prompts: all end in the same column, so that decoding appends one column a step."""

    tokens: Tensor  # (batch, time)
    valid: Tensor  # (batch, time) bool, False on padding
    positions: Tensor  # (batch, time)


def lay_prompts(rows: Sequence[Sequence[int]], shared: int, pad: int) -> PromptRows:
    """Left-pads what each row has beyond the shared beginning."""
    own = [list(row[shared:]) for row in rows]
    width = max(len(row) for row in own)
    tokens = torch.tensor([[pad] * (width - len(row)) + row for row in own])
    valid = torch.tensor([[False] * (width - len(row)) + [True] * len(row) for row in own])
    positions = shared + (valid.long().cumsum(1) - 1).clamp(min=0)
    return PromptRows(tokens, valid, positions)


def prompt_mask(valid: Tensor, dtype: torch.dtype) -> Tensor:
    """Returns the additive causal mask of left-padded prompts over their own columns: (batch, 1, time, time)."""
    time = valid.shape[1]
    causal = torch.ones(time, time, dtype=torch.bool).tril()  # (time, time)
    own = causal[None] & valid[:, None, :]  # (batch, time, time)
    return additive(own, dtype)


class BranchRows(NamedTuple):
    """Each row holds a question and all its continuations side by side; a continuation sees the question and itself.

    `reads` lists, for every token whose probability is wanted, (row, column that predicts it, token, continuation).
    """

    tokens: Tensor  # (batch, time)
    positions: Tensor  # (batch, time)
    mask: Tensor  # (batch, 1, time, time), over own columns
    reads: Tensor  # (wanted, 4)


def branch_length(question: Sequence[int], continuations: Sequence[Sequence[int]]) -> int:
    """Returns the length of the row that holds a question and its continuations (their last tokens are only read)."""
    return len(question) + sum(len(continuation) - 1 for continuation in continuations)


def lay_branches(
    questions: Sequence[Sequence[int]],
    continuations: Sequence[Sequence[Sequence[int]]],
    shared: int,
    pad: int,
    dtype: torch.dtype,
) -> BranchRows:
    """Lays every question with its continuations into one row.

    Args:
        questions: Prompt tokens of each row, the shared beginning included.
        continuations: For each row the tokens of each continuation, none of them empty.
        shared: Length of the beginning that all questions share.
        pad: Token that fills the rows up.
        dtype: Type of the mask.
    """
    tokens: list[list[int]] = []
    positions: list[list[int]] = []
    branches: list[list[int]] = []
    reads: list[tuple[int, int, int, int]] = []
    for row, (question, branch_list) in enumerate(zip(questions, continuations, strict=True)):
        own = len(question) - shared
        tokens.append(list(question[shared:]))
        positions.append(list(range(shared, len(question))))
        branches.append([0] * own)
        for number, branch in enumerate(branch_list, start=1):
            start = len(tokens[row])
            columns = [own - 1, *range(start, start + len(branch) - 1)]
            reads += [(row, column, token, number - 1) for column, token in zip(columns, branch, strict=True)]
            tokens[row] += branch[:-1]
            positions[row] += range(len(question), len(question) + len(branch) - 1)
            branches[row] += [number] * (len(branch) - 1)
    width = max(map(len, tokens))

    def padded(rows: list[list[int]], fill: int) -> Tensor:
        return torch.tensor([row + [fill] * (width - len(row)) for row in rows])

    branch = padded(branches, -1)  # (batch, time)
    causal = torch.ones(width, width, dtype=torch.bool).tril()
    same = branch[:, :, None] == branch[:, None, :]
    sees = causal[None] & (same | (branch[:, None, :] == 0))  # (batch, time, time)
    mask = additive(sees, dtype)
    return BranchRows(padded(tokens, pad), padded(positions, 0), mask, torch.tensor(reads))


def additive(sees: Tensor, dtype: torch.dtype) -> Tensor:
    """Turns (batch, time, columns) of True/False into (batch, 1, time, columns) of 0/lowest.

    Lowest and not -inf: a padding row that sees nothing must not become NaN.
    """
    mask = torch.zeros(sees.shape, dtype=dtype)
    return mask.masked_fill_(~sees, torch.finfo(dtype).min)[:, None]
