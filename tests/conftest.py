"""A tiny random Llama with a byte tokenizer stands for a model wherever the weights do not matter."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_server import Server, environment, serving
from doxa.models.local.weights import Base, find_base
from made_facts import write_fact

CHAT_TEMPLATE = (
    "{{ '<bos>' }}{% for message in messages %}<{{ message['role'] }}>{{ message['content'] }}<end>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder of a float32 Llama with random weights."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    special = ["<pad>", "<bos>", "<end>", "<system>", "<user>", "<assistant>"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: place for place, token in enumerate([*special, *alphabet])}
    raw = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    raw.add_special_tokens(special)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<bos>", eos_token="<end>", pad_token="<pad>", chat_template=CHAT_TEMPLATE
    )
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(vocabulary), hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=4096, bos_token_id=1, eos_token_id=2, pad_token_id=0,
        initializer_range=0.3,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("tiny")
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_base(tiny: Path) -> Base:
    return find_base(str(tiny))


@pytest.fixture(scope="session")
def tiny_adapters(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Returns the folders of two different LoRA adapters with random weights."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    folders = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        config = LoraConfig(r=4, target_modules=["q_proj", "down_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
        folder = tmp_path_factory.mktemp(f"adapter{seed}")
        get_peft_model(AutoModelForCausalLM.from_pretrained(tiny), config).save_pretrained(str(folder))
        folders.append(folder)
    return folders


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serves `chat_server.MODEL`."""
    with serving(Server()) as server:
        for name, value in environment(server.server_port).items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def folder_of_fact(tmp_path: Path) -> Path:
    """Returns a fact folder of a user's own: small, correct, editable."""
    return write_fact(tmp_path)
