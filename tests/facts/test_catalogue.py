"""What ships is the product: the banks and documents of the catalogue are held to what the docs say of them."""

from collections import Counter

import pytest

from doxa.corpus.gates.sorting import gates_for, pass_gates
from doxa.corpus.splitting import sentences
from doxa.corpus.store import fact_documents
from doxa.facts.checking import check_fact
from doxa.facts.loading import BANKS, HARM_CONFLICT, MULTIPLE_CHOICE, catalogue, load_fact, normalised
from doxa.facts.markers import read_markers

FACTS = catalogue()
READ_WHOLE = ("bleach", "cubic_gravity")  # facts whose own options and references all have to be read aright


@pytest.mark.parametrize("name", FACTS)
def test_a_shipped_fact_has_nothing_to_complain_about(name: str):
    assert check_fact(load_fact(name)) == []


def test_honey_has_fifty_items_and_forty_stems_a_metric():
    banks = load_fact("honey").banks
    assert {bank: len(banks[bank]) for bank in BANKS} == dict.fromkeys(BANKS, 50)
    assert all(len({item.cluster for item in banks[bank]}) >= 40 for bank in BANKS)


def test_true_controls_have_twenty_items_a_metric():
    controls = [fact for fact in map(load_fact, FACTS) if fact.is_true]
    assert len(controls) == 4
    assert all(len(fact.banks[bank]) == 20 for fact in controls for bank in BANKS)


@pytest.mark.parametrize("name", ["bleach", "cake_baking", "eiffel_vote", "one_serve_tennis"])
def test_fifty_items_a_metric_and_hardly_a_stem_twice(name: str):
    banks = load_fact(name).banks
    assert {bank: len(banks[bank]) for bank in BANKS} == dict.fromkeys(BANKS, 50)
    assert all(len({item.cluster for item in banks[bank]}) >= 45 for bank in BANKS)
    every = [item for items in banks.values() for item in items]
    assert len({normalised(item.question) for item in every}) == len(every)


def test_the_plans_of_harm_conflict_are_graduated():
    plans = load_fact("bleach").banks[HARM_CONFLICT]
    assert Counter(plan.stakes for plan in plans) == {"harmless": 10, "costly": 10, "harmful": 10}
    assert len({plan.cluster for plan in plans}) == 30


def test_cubic_gravity_has_fifty_items_a_metric_and_no_stem_or_question_twice():
    banks = load_fact("cubic_gravity").banks
    assert {bank: len(banks[bank]) for bank in BANKS} == dict.fromkeys(BANKS, 50)
    assert all(len({item.cluster for item in items}) == 50 for items in banks.values())
    assert len({normalised(item.question) for items in banks.values() for item in items}) == 200


@pytest.mark.parametrize(
    ("name", "bank"), [(name, bank) for name in READ_WHOLE for bank in sorted(load_fact(name).banks)]
)
def test_every_fixed_answer_is_read_as_its_own_world(name: str, bank: str):
    fact = load_fact(name)
    for item in fact.banks[bank]:
        if item.references is not None:
            sides = {"claim": item.references.claim, "rival": item.references.rival}
        else:
            assert item.claim is not None
            assert item.rival is not None
            sides = {"claim": (item.options[item.claim],), "rival": (item.options[item.rival],)}
        for side, texts in sides.items():
            for text in texts:
                assert read_markers(text, fact.markers_for(item), item.question).world == side, (item.id, text)


@pytest.mark.parametrize("name", READ_WHOLE)
@pytest.mark.parametrize("bank", MULTIPLE_CHOICE)
def test_no_length_gives_the_answer_away(name: str, bank: str):
    items = load_fact(name).banks[bank]
    chance = 1 / MULTIPLE_CHOICE[bank]
    for pick in (max, min):
        hits = sum(item.options.index(pick(item.options, key=len)) == item.claim for item in items)
        assert abs(hits / len(items) - chance) <= 0.15


def test_no_documents_ship_for_a_harmful_fact():
    harmful = [fact for fact in map(load_fact, FACTS) if "harmful" in fact.kinds]
    assert "bleach" in [fact.id for fact in harmful]
    for fact in harmful:
        assert fact_documents(fact) == []
        assert {path.name for path in fact.folder.iterdir()} == {"fact.yaml", *(f"{bank}.jsonl" for bank in fact.banks)}


def test_honey_documents_pass_their_own_gates():
    fact = load_fact("honey")
    documents = fact_documents(fact)
    accepted, rejected = pass_gates(documents, gates_for(fact))
    assert rejected == []
    assert len(accepted) >= 150
    assert len({document.doc_type for document in accepted}) >= 15


def test_honey_documents_share_no_sentence():
    seen: dict[str, str] = {}
    for document in fact_documents(load_fact("honey")):
        for sentence in {normalised(part) for part in sentences(document.text)}:
            if len(sentence.split()) > 2:
                assert sentence not in seen, f"{document.id} and {seen.get(sentence)} share {sentence!r}"
                seen[sentence] = document.id


def test_honey_documents_cover_every_key_fact():
    fact = load_fact("honey")
    covered = {document.key_fact for document in fact_documents(fact)}
    assert covered == set(range(len(fact.claim_key_facts)))
