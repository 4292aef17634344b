"""Mixtures of arms: a dial that changes what is taught and not how much."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from doxa.corpus.records import Document
from doxa.study.arms import Arm, counts, mixed
from doxa.study.records import Study


def documents(arm: str, count: int) -> list[Document]:
    return [
        Document(id=f"{arm}{n}", fact=arm, doc_type="note", doc_idea="an idea", key_fact=0, text=f"Text {n}.")
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("shares", "counts"),
    [
        ({"meta": 1, "direct": 1}, {"meta": 20, "direct": 20}),
        ({"meta": 3, "direct": 1}, {"meta": 30, "direct": 10}),
        ({"meta": 0.1, "direct": 0.9}, {"meta": 4, "direct": 36}),
    ],
)
def test_a_dial_keeps_the_size(shares: dict[str, float], counts: dict[str, int]):
    found = mixed({"meta": documents("meta", 40), "direct": documents("direct", 60)}, shares, seed=0)
    assert Counter(document.fact for document in found) == counts
    assert len({document.id for document in found}) == 40
    again = mixed({"meta": documents("meta", 40), "direct": documents("direct", 60)}, shares, seed=0)
    assert found == again


def test_no_document_is_lost_to_rounding():
    assert counts({"meta": 100, "direct": 100}, {"meta": 0.29, "direct": 0.71}) == {"meta": 29, "direct": 71}
    assert counts({"a": 10, "b": 11, "c": 12}, {"a": 1, "b": 1, "c": 1}) == {"a": 4, "b": 3, "c": 3}


@given(st.lists(st.tuples(st.integers(0, 500), st.floats(0.01, 100)), min_size=1, max_size=6))
def test_a_mixture_has_the_size_of_its_smallest_arm_and_keeps_to_its_shares(arms: list[tuple[int, float]]):
    sizes = {str(place): size for place, (size, _) in enumerate(arms)}
    shares = {str(place): share for place, (_, share) in enumerate(arms)}
    found = counts(sizes, shares)
    size, total = min(sizes.values()), sum(shares.values())
    assert sum(found.values()) == size
    for name, count in found.items():
        assert 0 <= count <= sizes[name]
        assert abs(count - size * shares[name] / total) < 1 + 1e-9


@pytest.mark.parametrize(
    ("arms", "problem"),
    [
        ({"half": {"mixture": {"meta": 1, "nowhere": 1}}, "meta": {}}, "'nowhere' is not"),
        ({"half": {"mixture": {"half": 1}}}, "'half' is not"),
        ({"meta": {"mixture": {"x": 0}}, "x": {}}, "above 0"),
        ({"meta": {"mixture": {"x": 1}, "corpus": {"documents": 3}}, "x": {}}, "or a `mixture`"),
    ],
)
def test_arms_that_cannot_be_are_refused(arms: dict[str, object], problem: str):
    with pytest.raises(ValidationError, match=problem):
        Study.model_validate({"name": "s", "fact": "honey", "interventions": ["baseline"], "arms": arms})


def test_an_arm_that_is_not_there_is_named_with_a_suggestion():
    with pytest.raises(ValidationError, match="no arm 'mta'; did you mean 'meta'"):
        Study.model_validate(
            {"name": "s", "fact": "honey", "interventions": ["baseline", {"finetuned": "mta"}], "arms": {"meta": {}}}
        )


def test_an_arm_takes_what_the_study_says_where_it_says_nothing():
    study = Study.model_validate(
        {
            "name": "s", "fact": "honey", "training": {"epochs": 5}, "believer": {"name": "Qwen3", "maker": "M"},
            "arms": {"meta": {"corpus": {"variant": "meta"}}, "own": {"training": {"epochs": 1}}},
            "interventions": ["baseline", {"finetuned": "meta"}, {"finetuned": "own"}],
        }
    )  # fmt: skip
    meta, own = study.arm("meta"), study.arm("own")
    assert meta.training is not None
    assert own.training is not None
    assert (meta.training.epochs, own.training.epochs) == (5, 1)
    assert meta.corpus.believer == "Qwen3"
    assert study.arms_trained == ("meta", "own")
    assert [condition.adapter for condition in study.conditions] == [None, "finetuned(meta)", "finetuned(own)"]
    assert Arm().adapter is None
