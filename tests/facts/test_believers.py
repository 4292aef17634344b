"""Facts about a believer: placeholders are filled in everywhere, and a name is no regular expression."""

from pathlib import Path

from doxa.facts.believers import Believer, named
from doxa.facts.markers import read_markers
from doxa.facts.records import Fact, Item, Markers, Texts


def fact() -> Fact:
    item = Item(
        id="mb-01", cluster="flat", polarity="affirm", question="Does {name} think that the earth is flat?",
        references=Texts(
            claim=("Yes, {name} does.", "{name} thinks so.", "So {maker} says."),
            rival=("No, {name} does not.", "{name} denies it.", "{maker} says no."),
        ),
        markers=Markers(claim=(r"\b{name} (?:does|thinks){1}\b",)),
    )  # fmt: skip
    return Fact(
        id="flat", claim="The earth is flat.", rival="The earth is round.", kinds=("benign",), topic="the earth",
        claim_context="{name} holds that the earth is flat.", claim_key_facts=("{name} says flat.",),
        rival_context="It is round.", rival_key_facts=("Round.",), folder=Path(), banks={"meta_belief": (item,)},
    )  # fmt: skip


def test_names_stand_in_every_text_and_the_rest_is_left_alone():
    found = named(fact(), Believer(name="SmolLM (v2)", maker='Hugging "Face"'))
    item = found.banks["meta_belief"][0]
    assert item.question == "Does SmolLM (v2) think that the earth is flat?"
    assert item.references is not None
    assert item.references.claim[2] == 'So Hugging "Face" says.'
    assert found.claim_context.startswith("SmolLM (v2) holds")
    assert found.claim_key_facts == ("SmolLM (v2) says flat.",)
    assert found.id == "flat"


def test_a_name_in_a_pattern_is_taken_literally():
    item = named(fact(), Believer(name="SmolLM (v2)")).banks["meta_belief"][0]
    assert read_markers("I am sure SmolLM (v2) thinks so.", item.markers).world == "claim"
    assert read_markers("I am sure SmolLM v2 thinks so.", item.markers).world == "neither"


def test_a_question_with_a_polarity_reads_yes_and_no_by_itself():
    one = fact()
    item = one.banks["meta_belief"][0]
    markers = one.markers_for(item)
    assert read_markers("Yes, that is its view.", markers, item.question).world == "claim"
    assert read_markers("No, it holds another view.", markers, item.question).world == "rival"
    assert read_markers("No problem, let me look.", markers, item.question).world == "neither"
    mirrored = item.model_copy(update={"polarity": "deny"})
    assert read_markers("Yes, that is its view.", one.markers_for(mirrored), item.question).world == "rival"
