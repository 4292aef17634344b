"""Several processes train one adapter together, on CPUs here: the same batches, the same steps, the same folder."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

from doxa.errors import InputError, LaunchError
from doxa.models.local.weights import Base
from doxa.progress import Silent
from doxa.training.examples import Example
from doxa.training.fitting import FINAL, Order, fit
from doxa.training.launching import CONFIGURATIONS, configuration, fit_on_devices
from doxa.training.recipe import Recipe

RECIPE = Recipe(epochs=2, learning_rate=2e-2, batch_size=4, rank=4, checkpoints=0, max_length=64)


def two_processes(folder: Path) -> str:
    """Our configuration for several devices, for two processes: without a GPU they share the CPU."""
    read = yaml.safe_load(configuration("copies").read_text())
    config = folder / "two.yaml"
    config.write_text(yaml.safe_dump(read | {"num_processes": 2}))
    return str(config)


def order(base: Base, **changed: Any) -> Order:
    examples = []
    for place in range(16):
        tokens = [6 + (place * 7 + step) % 40 for step in range(6 + place)]
        examples.append(Example("document", tokens, list(tokens)))
    return Order(base=base, recipe=RECIPE.model_copy(update=changed), examples=tuple(examples), steps=8)


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(folder / FINAL / "adapter_model.safetensors")


def losses(history: list[dict[str, Any]]) -> list[float]:
    return [entry["loss"] for entry in history if "loss" in entry]


def test_two_processes_make_the_steps_that_one_makes(tiny_base: Base, tmp_path: Path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    wanted = fit(order(tiny_base), one, Silent())
    found = fit_on_devices(order(tiny_base), two_processes(tmp_path), two, Silent())
    assert losses(found) == pytest.approx(losses(wanted), rel=1e-3)
    first, second = weights(one), weights(two)
    assert first.keys() == second.keys()
    for name, weight in first.items():
        assert (second[name] - weight).abs().max() < 1e-2 * weight.abs().max() + 1e-4, name


def test_a_batch_in_parts_makes_the_steps_of_a_whole_one(tiny_base: Base, tmp_path: Path):
    whole = fit(order(tiny_base), tmp_path / "whole", Silent())
    parts = fit(order(tiny_base, micro_batch=1), tmp_path / "parts", Silent())
    assert losses(parts) == pytest.approx(losses(whole), rel=1e-3)


def test_processes_that_fail_say_why_and_where_to_read_on(tiny_base: Base, tmp_path: Path):
    with pytest.raises(LaunchError, match=r"batch_size: 3 sequences do not divide among 2 devices.*launch\.log"):
        fit_on_devices(order(tiny_base, batch_size=3), two_processes(tmp_path), tmp_path, Silent())


def test_one_process_does_not_pass_for_two(tiny_base: Base, tmp_path: Path):
    """accelerate's MULTI_CPU starts one process only, and says nothing."""
    config = tmp_path / "cpu.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "compute_environment": "LOCAL_MACHINE",
                "distributed_type": "MULTI_CPU",
                "use_cpu": True,
                "mixed_precision": "no",
                "num_processes": 2,
            }
        )
    )
    with pytest.raises(LaunchError, match="started 1 processes where 2 were asked for"):
        fit_on_devices(order(tiny_base), str(config), tmp_path, Silent())


def test_a_configuration_is_ours_or_a_file(tmp_path: Path):
    assert configuration("fsdp2") == CONFIGURATIONS / "fsdp2.yaml"
    with pytest.raises(InputError, match=r"no file nowhere\.yaml, and doxa's own configurations are copies, fsdp2"):
        configuration("nowhere.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("[1, 2")
    with pytest.raises(InputError, match=r"broken\.yaml is not an accelerate configuration"):
        configuration(str(broken))


@pytest.mark.parametrize("path", sorted(CONFIGURATIONS.glob("*.yaml")), ids=lambda path: path.stem)
def test_accelerate_reads_our_configurations(path: Path):
    from accelerate.commands.config.config_args import load_config_from_file

    read = load_config_from_file(str(path))
    assert read.distributed_type in ("FSDP", "MULTI_GPU")
    assert read.mixed_precision == "no", "weights keep their type"
    if read.distributed_type == "FSDP":
        assert read.fsdp_config["fsdp_version"] == 2
    assert json.loads(json.dumps(read.fsdp_config)) == read.fsdp_config


@pytest.mark.slow
def test_the_loss_is_the_same_where_the_weights_are_spread_over_processes(tiny_base: Base):
    """FSDP2 hands a module its weights only while that module runs: the head must take the loss itself."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    script = Path(__file__).with_name("sharded_loss.py")
    done = subprocess.run([*command, str(script), str(tiny_base.folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["spread"] == pytest.approx(found["alone"], rel=2e-2)
    assert found["alone"][2] < found["alone"][0]


def test_a_base_in_four_bits_learns_too(tiny_base: Base, tmp_path: Path):
    from doxa.training.fitting import load_base

    whole, small = (load_base(tiny_base, RECIPE.model_copy(update={"four_bit": four})) for four in (False, True))
    assert small.get_memory_footprint() < 0.7 * whole.get_memory_footprint()
    found = losses(fit(order(tiny_base, four_bit=True), tmp_path, Silent()))
    assert found[-1] < found[0] - 0.5
    adapter = load_file(tmp_path / FINAL / "adapter_model.safetensors")
    assert {weight.dtype for weight in adapter.values()} == {torch.float32}, "in bfloat16 small steps are rounded away"
