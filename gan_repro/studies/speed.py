"""`python -m gan_repro.studies.speed CONFIG`: times 20 steps of a run on one core, and prints the speed as JSON.

CONFIG is a configuration as configuration.Config.as_dict has it, as JSON, and the data_dir. Steps of the first stage are
timed (training/timing.py): of a run with several, the first is the cheapest to build.
"""

import contextlib
import json
import os
import sys
from collections.abc import Sequence

from gan_repro.papers import configuration
from gan_repro.system.errors import UserError


def main(argv: Sequence[str]) -> int:
    """Measures; returns the exit code: 0, or 1 with one line on stderr."""
    asked = json.loads(argv[1])
    data_dir = asked.pop("data_dir")
    if hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    try:
        print(json.dumps(measured(asked, data_dir)))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def measured(asked: dict, data_dir: str | None) -> dict[str, float]:
    """{"steps_per_second", "steps_per_epoch"} of the first stage of a configuration."""
    from gan_repro.system import tensorflow_setup
    from gan_repro.training import rules, timing

    tensorflow_setup.prepare()
    config = configuration.from_dict(asked)
    trainable = rules.stages(config, configuration.source_of(config, data_dir))[0].build(None)
    return {"steps_per_second": timing.STEPS / timing.seconds(trainable), "steps_per_epoch": trainable.steps_per_epoch}


if __name__ == "__main__":
    sys.exit(main(sys.argv))
