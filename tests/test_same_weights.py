"""Every model's training gives the weights that it gave: twenty minibatches of each smoke preset from seed 0.

On the processor that same_weights.json names for a model, with as many cores, to the bit; on another, within roundings: how
many threads share a matrix product decides in which order its sums are taken. For a new paper, or a
change that is meant to change weights (say in the commit why it does), `python tests/test_same_weights.py EXPERIMENT ...`
writes the digests of these experiments' models, and of no others.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from gan_repro.system import machine, tensorflow_setup

pytestmark = pytest.mark.played

if __name__ == "__main__":  # as conftest.py does, before anything imports TensorFlow, which then chooses its products' library
    sys.path.insert(0, str(Path(__file__).parents[1]))  # this folder, which stands first, has a folder `experiments`, too
    tensorflow_setup.prepare(logical_cpus=2)
from support import noise  # noqa: E402

FILE = Path(__file__).with_name("same_weights.json")
STEPS, MIDDLE = 20, 9  # minibatches of each stage; after how many of them a second game goes on from a saved state
# A model that takes seconds; all of them take three minutes.
FIRST = {"goodfellow2014 mnist mnist"}
TOLERANCE = 1e-4  # of the norm of a player's weights, in the two numbers that stand for them on another processor


def stages(game, recipe=None):
    """(name, game after no minibatch, a second one) of each stage, played in turn.

    `recipe`: {field: value} to be set, as the file has them: presets may change, these games do not.
    """
    fields = {field: tuple(value) if isinstance(value, list) else value for field, value in (recipe or {}).items()}
    return noise.built(*game, twice=True, **fields)


def digest(game):
    """{player: {"sha256", "norm", "projection"}} of the weights of a game's two players, or of a network that learns alone.

    "projection": their scalar product with signs drawn once and for all, by the root of their number.
    """
    found = {}
    for role, network in ({"generator": game.network} | game.others()).items():
        flat = [np.float32(weight.numpy()).ravel() for weight in network.weights]
        flat = np.concatenate(flat) if flat else np.zeros(1, np.float32)  # a generator that stands still has none
        signs = np.random.Generator(np.random.Philox(0)).integers(0, 2, len(flat)) * 2.0 - 1.0
        found[role] = {
            "sha256": hashlib.sha256(flat.tobytes()).hexdigest()[:16],
            "norm": float(np.linalg.norm(flat.astype(np.float64))),
            "projection": float(signs @ flat / np.sqrt(len(flat))),
        }
    return found


def measured(game):
    """{"processor", "recipe": its fields, "stages": {stage: digest}} after STEPS minibatches of each."""
    name, model, dataset = game
    recipe = noise.config(name, dataset, "smoke", model=model, n_samples=50, batch_size=20).as_dict()["recipe"]
    found = {}
    for stage, played, _ in stages(game, recipe):
        noise.play(played, STEPS)
        found[stage] = digest(played)
    return {"processor": machine.processor(), "recipe": recipe, "stages": found}


def key(game):
    """The name of a model in the file."""
    return " ".join(game)


@pytest.fixture(scope="module")
def file():
    """{model: as `measured` gives it} of the file."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def test_the_file_holds_every_model(file):
    assert sorted(file) == sorted(map(key, noise.games())) and set(file) >= FIRST


@pytest.mark.parametrize(
    "model",
    [pytest.param(model, id=key(model), marks=[] if key(model) in FIRST else pytest.mark.slow) for model in noise.games()],
)
def test_weights_are_what_they_were(model, file):
    """And a game that is set back to a state saved in the middle ends with the same ones."""
    then = file[key(model)]
    here = machine.processor() == then["processor"]
    for stage, game, resumed in stages(model, then["recipe"]):
        noise.play(game, MIDDLE)
        saved = noise.values(game)
        noise.play(game, STEPS - MIDDLE)
        for name, variable in resumed.state().items():
            variable.assign(saved[name])
        resumed.restored()
        noise.play(resumed, STEPS - MIDDLE)
        assert digest(resumed) == digest(game)
        for role, now in digest(game).items():
            wanted = then["stages"][stage][role]
            assert now["sha256"] == wanted["sha256"] or not here, f"{stage}, {role}: other bits on the same processor"
            for number in ("norm", "projection"):
                assert abs(now[number] - wanted[number]) <= TOLERANCE * max(1.0, wanted["norm"]), (stage, role, number)


if __name__ == "__main__":
    chosen = [game for game in noise.games() if game[0] in sys.argv[1:]]
    models = json.loads(FILE.read_text(encoding="utf-8")) | {key(game): measured(game) for game in chosen}
    FILE.write_text(json.dumps(models, indent=1) + "\n", encoding="utf-8")
    print("written:", ", ".join(map(key, chosen)) or f"nothing; valid are {sorted({name for name, *_ in noise.games()})}")
