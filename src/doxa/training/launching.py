"""Train on several devices: the order goes to a file, `accelerate launch` starts a process a device, they report."""

import json
import re
import subprocess
import sys
from pathlib import Path

import yaml

from doxa.errors import InputError, LaunchError
from doxa.progress import Progress
from doxa.reading import read_text
from doxa.training.fitting import Log, Order
from doxa.writing import write_whole

ORDER = "order.json"  # in the scratch folder, as are the others
HISTORY = "history.json"
SAID = "launch.log"
STEP = "doxa-step "  # begins a line in which the first process tells of a step
REFUSAL = "doxa-refusal "  # begins a line in which a process says why it does not train
CONFIGURATIONS = Path(__file__).parent / "accelerate"


def configuration(name: str) -> Path:
    """Returns the accelerate configuration that `training.launch` names: one of ours, such as `fsdp2`, or a file.

    Raises:
        InputError: There is no such file, or it is no mapping.
    """
    own = CONFIGURATIONS / f"{name}.yaml"
    path = own if own.is_file() else Path(name).expanduser()
    if not path.is_file():
        known = ", ".join(sorted(each.stem for each in CONFIGURATIONS.glob("*.yaml")))
        raise InputError(f"training.launch: there is no file {name}, and doxa's own configurations are {known}")
    try:
        read = yaml.safe_load(read_text(path))
    except yaml.YAMLError:
        read = None
    if not isinstance(read, dict):
        raise InputError(f"training.launch: {path} is not an accelerate configuration")
    return path


def fit_on_devices(order: Order, launch: str, scratch: Path, progress: Progress) -> Log:
    """Does what `fitting.fit` does, in as many processes as the configuration says, or one a GPU where it does not.

    Args:
        order: What is to be trained.
        launch: See `configuration`.
        scratch: Where the order, checkpoints and the adapter go.
        progress: Hears of every optimiser step.

    Raises:
        InputError: There is no such configuration.
        LaunchError: The processes failed; what they said lies in `scratch`, and checkpoints are kept.
    """
    path = configuration(launch)
    write_whole(scratch / ORDER, order.model_dump_json())
    count = yaml.safe_load(read_text(path)).get("num_processes") or _devices()
    command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(path)]
    command += ["--num_processes", str(count), "--module", "doxa.training.worker", str(scratch), str(count)]
    with (
        (scratch / SAID).open("w") as said,
        progress.stage(f"finetuning by {path.stem}", order.steps) as advance,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True) as processes,
    ):
        assert processes.stdout is not None, "piped"
        try:
            for line in processes.stdout:
                if line.startswith(STEP):
                    advance(*json.loads(line.removeprefix(STEP)))
        except BaseException:
            processes.terminate()
            raise
    if processes.returncode:
        raise LaunchError(f"training.launch: {_last_error(scratch / SAID)} (all that was said: {scratch / SAID})")
    return json.loads((scratch / HISTORY).read_text())


def _devices() -> int:
    import torch

    if not torch.cuda.device_count():
        raise InputError("training.launch: there is no GPU here, and the configuration names no num_processes")
    return torch.cuda.device_count()


def _last_error(path: Path) -> str:
    """Returns a process's refusal, else the last line that names an error of its own, else the last line of all."""
    lines = [line.strip() for line in path.read_text(errors="replace").splitlines() if line.strip()]
    refusals = [line.removeprefix(REFUSAL) for line in lines if line.startswith(REFUSAL)]
    launchers = ("subprocess.", "torch.distributed.")
    named = [line for line in lines if re.match(r"[\w.]+Error: ", line) and not line.startswith(launchers)]
    return (refusals or named or lines or ["the processes failed without a word"])[-1][:300]
