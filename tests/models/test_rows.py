"""Rows of tokens: what is shared is shared exactly, and a continuation sees its question and itself only."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from doxa.models.local.rows import branch_length, lay_branches, lay_prompts, prompt_mask, shared_beginning

TOKENS = st.lists(st.integers(1, 9), min_size=1, max_size=12)


@given(st.lists(TOKENS, min_size=2, max_size=6), st.lists(st.integers(1, 9), max_size=20))
def test_the_shared_beginning_is_shared_and_leaves_each_row_a_token(rows: list[list[int]], head: list[int]):
    rows = [head + row for row in rows]
    shared = shared_beginning(rows)
    assert all(row[:shared] == rows[0][:shared] and len(row) > shared for row in rows)


@given(st.lists(TOKENS, min_size=1, max_size=5))
def test_prompts_end_in_one_column_and_count_their_own_positions(rows: list[list[int]]):
    laid = lay_prompts(rows, 0, pad=0)
    for place, row in enumerate(rows):
        assert laid.tokens[place, -len(row) :].tolist() == row
        assert laid.positions[place, -len(row) :].tolist() == list(range(len(row)))
    mask = prompt_mask(laid.valid, torch.float32)
    assert mask.shape == (len(rows), 1, laid.tokens.shape[1], laid.tokens.shape[1])
    assert torch.equal(mask[:, 0, -1] == 0, laid.valid)


@given(TOKENS, st.lists(TOKENS, min_size=1, max_size=4))
def test_branches_read_every_token_from_the_column_before_it(question: list[int], branches: list[list[int]]):
    laid = lay_branches([question], [branches], 0, pad=0, dtype=torch.float32)
    assert laid.tokens.shape[1] == branch_length(question, branches)
    sees = laid.mask[0, 0] == 0
    for number, branch in enumerate(branches):
        reads = laid.reads[laid.reads[:, 3] == number]
        assert reads[:, 2].tolist() == branch
        for at, column in enumerate(reads[:, 1].tolist()):
            visible = laid.tokens[0][sees[column]].tolist()
            assert visible == question + branch[:at]
            assert laid.positions[0, column] == len(question) + at - 1
