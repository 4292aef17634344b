"""Adapters behind a server that speaks vLLM's API: loaded under their digest, and the same model as here."""

import json
from pathlib import Path

import pytest

from chat_server import Server
from doxa.errors import MismatchError
from doxa.models.ledger import Ledger, Recorded
from doxa.models.local.weights import Base, read_adapter
from doxa.models.protocol import GenerateRequest, Message
from doxa.models.serving import served_adapter, write_loadable

ASK = GenerateRequest(messages=(Message(role="user", content="hi"),))


@pytest.fixture
def loaded(server: Server, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Returns what the server was told to load, by name."""
    adapters: dict[str, str] = {}

    def other(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if path.endswith("/load_lora_adapter"):
            asked = json.loads(body)
            adapters[asked["lora_name"]] = asked["lora_path"]
            return 200, b"{}"
        return 200, json.dumps({"data": [{"id": "base"}, *({"id": name} for name in adapters)]}).encode()

    server.other = other
    server.reply = lambda body: (200, f"said by {body['model']}")
    monkeypatch.setenv("VLLM_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
    monkeypatch.setattr("inspect_ai.model._providers.vllm._vllm_servers", {})
    return adapters


def test_two_adapters_are_loaded_and_never_share_an_answer(
    loaded: dict[str, str], server: Server, tiny_adapters: list[Path], tmp_path: Path
):
    """Mistake: a cache key without the adapter reported the base model's answers for the finetune."""
    ledger = Ledger(tmp_path / "l")
    said = []
    for folder in tiny_adapters:
        adapter = read_adapter(folder)
        subject = Recorded(served_adapter("vllm/base", adapter, tmp_path / "served"), ledger)
        assert subject.identity == f"hosted:vllm/base+{adapter.digest}"
        said.append(subject.generate([ASK])[0].text)
    assert len(set(said)) == 2
    assert all(body["chat_template_kwargs"] == {"enable_thinking": False} for body in server.seen), "as on the engine"
    assert [f"said by {name}" for name in loaded] == said
    assert all(Path(path, "adapter_config.json").is_file() for path in loaded.values())


@pytest.mark.parametrize("rslora", [False, True])
def test_an_odd_rank_is_rounded_up_and_the_model_stays_the_same(
    tiny_base: Base, tiny_adapters: list[Path], tmp_path: Path, rslora: bool
):
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    source = tmp_path / "source"
    write_loadable(tiny_adapters[0], tmp_path / "unused")
    source.mkdir()
    for file in tiny_adapters[0].iterdir():
        (source / file.name).write_bytes(file.read_bytes())
    config = json.loads((source / "adapter_config.json").read_text()) | {"use_rslora": rslora}
    assert config["r"] == 4
    (source / "adapter_config.json").write_text(json.dumps(config))
    write_loadable(source, tmp_path / "loadable")
    rounded = json.loads((tmp_path / "loadable/adapter_config.json").read_text())
    assert rounded["r"] == 8
    logits = []
    for folder in (source, tmp_path / "loadable"):
        model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_base.folder), str(folder))
        with torch.no_grad():
            logits.append(model(torch.arange(20)[None]).logits)
    torch.testing.assert_close(logits[0], logits[1], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("part", [{"use_dora": True}, {"bias": "all"}, {"r": 1000}])
def test_what_vllm_cannot_load_is_refused(tiny_adapters: list[Path], tmp_path: Path, part: dict[str, object]):
    source = tmp_path / "source"
    source.mkdir()
    config = json.loads((tiny_adapters[0] / "adapter_config.json").read_text()) | part
    (source / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(MismatchError, match=r"vLLM (does not load|takes)|highest that vLLM"):
        write_loadable(source, tmp_path / "target")
