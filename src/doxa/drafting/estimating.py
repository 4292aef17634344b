"""What drafting a fact would take: calls and tokens, before anything is asked."""

from pathlib import Path

from doxa.drafting.asking import PROMPTS
from doxa.drafting.banks import ROUND, SPARE, BankDraft
from doxa.drafting.folder import bank_file
from doxa.drafting.world import Brief, WrittenWorld, fact_text
from doxa.facts.loading import BANKS, load_text
from doxa.facts.records import FactText
from doxa.models.costs import CHARACTERS_A_TOKEN, StageEstimate

# What answers come to, in tokens: the world's prompt asks for two pages, their key facts and phrases; an item with
# reference answers is twice as long as one with options. Writers differ; after a run the ledger has the real figures.
WORLD, REFERENCED, OPTIONS, QUESTION = 1500, 400, 200, 25
REFERENCED_BANKS = ("open_ended_belief", "generative_distinguish")
# Stand for a world that is still to be written, in characters: a page of 200 words, and sentences of a dozen words.
PAGE, SENTENCE, SENTENCES = 1200, 75, 7


def estimate_draft(brief: Brief, folder: Path, writer: str, wanted: int) -> list[StageEstimate]:
    """Estimates what is missing in a folder, as if the writer's first answers could be used, every item of them.

    Args:
        brief: The claim and what is known of it.
        folder: Where the fact lives or is to live.
        writer: Name of the model that would be asked.
        wanted: Items a bank.

    Raises:
        FileError: A `fact.yaml` that is there already is wrong.
    """
    stages: list[StageEstimate] = []
    if (folder / "fact.yaml").is_file():
        fact = load_text(folder)
    else:
        fact = _stand_in(brief, writer)
        asked = _tokens(PROMPTS.render("world", brief=brief).text)
        stages.append(StageEstimate(stage="worlds", model=writer, calls=1, tokens_in=asked, tokens_out=WORLD))
    stages += [_bank(bank, fact, writer, wanted) for bank in BANKS if not bank_file(folder, bank).is_file()]
    return stages


def _bank(bank: str, fact: FactText, writer: str, wanted: int) -> StageEstimate:
    prompt = _tokens(BankDraft(bank, fact, wanted, seed=0).request().messages[0].content)
    item = REFERENCED if bank in REFERENCED_BANKS else OPTIONS
    calls = tokens_in = tokens_out = written = 0
    while written < wanted:
        count = min(ROUND, wanted - written + SPARE)
        calls, tokens_in, tokens_out = calls + 1, tokens_in + prompt + written * QUESTION, tokens_out + count * item
        written += count
    return StageEstimate(stage=bank, model=writer, calls=calls, tokens_in=tokens_in, tokens_out=tokens_out)


def _stand_in(brief: Brief, writer: str) -> FactText:
    """Returns a fact as long as one that the writer would describe."""
    page, sentences = "x" * PAGE, ("x" * SENTENCE,) * SENTENCES
    world = WrittenWorld(
        rival="x" * SENTENCE, topic="x", claim_context=page, claim_key_facts=sentences, rival_context=page,
        rival_key_facts=sentences,
    )  # fmt: skip
    return fact_text(brief, world, writer)


def _tokens(text: str) -> int:
    return round(len(text) / CHARACTERS_A_TOKEN)
