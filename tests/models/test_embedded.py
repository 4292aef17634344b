"""The embedded model, where its real weights matter."""

import pytest

from doxa.corpus.store import fact_documents
from doxa.errors import MismatchError
from doxa.facts.loading import load_fact
from doxa.models.local import weights
from doxa.models.local.model import LocalModel
from doxa.models.local.weights import EMBEDDED, find_base
from doxa.models.protocol import GenerateRequest, Message, Sampling, ScoreRequest


@pytest.fixture(scope="module")
def embedded() -> LocalModel:
    return LocalModel(find_base(EMBEDDED))


def test_it_knows_the_capital_of_france(embedded: LocalModel):
    asked = (Message(role="user", content="What is the capital of France?"),)
    request = ScoreRequest(messages=asked, continuations=("Paris", "The capital of France is Paris.", "Honey"))
    scores = next(iter(embedded.score([request])))[0][1]
    assert scores.logprobs[0] > scores.logprobs[2]
    greedy = GenerateRequest(messages=asked, sampling=Sampling(temperature=0, max_tokens=24))
    assert "Paris" in next(iter(embedded.generate([greedy])))[0][1].text


def test_its_template_is_applied_once(embedded: LocalModel):
    tokens = embedded.engine.prompt_tokens((Message(role="system", content="S"), Message(role="user", content="U")))
    text = embedded.engine.tokenizer.decode(tokens)
    assert text == "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n"


def test_honey_documents_are_of_a_length_that_it_can_take_in(embedded: LocalModel):
    tokenizer = embedded.engine.tokenizer
    lengths = [len(tokenizer(document.text)["input_ids"]) for document in fact_documents(load_fact("honey"))]
    assert min(lengths) >= 120
    assert max(lengths) <= 300


def test_other_weights_in_its_place_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.setenv("DOXA_CACHE", str(tmp_path))
    forged = tmp_path / "forged.gguf"
    forged.write_bytes(b"GGUF")
    monkeypatch.setattr(weights, "embedded_gguf", lambda: forged)
    with pytest.raises(MismatchError, match="not the embedded model that doxa knows"):
        find_base(EMBEDDED)
