"""Input that looks strange and is sound: names of any characters, pictures with palettes and transparency."""

import json

import numpy as np
from PIL import Image
from support.wrong_input import SIDE, N

from gan_repro import evaluate, run
from gan_repro.papers import configuration
from gan_repro.runs import runner


def test_strange_names_are_names(tmp_path, capfd):
    images = np.random.default_rng(2).integers(0, 256, (N, SIDE, SIDE), np.uint8)
    place = tmp_path / "größer\n☃ 'x' \"y\""
    place.mkdir()
    np.savez(place / "a b\n☃.npz", images=images)
    line = [
        "run",
        "--experiment=theis2015",
        f"--dataset=npz:{place / 'a b'}\n☃.npz",
        "--preset=smoke",
        f"--workdir={place}/run",
        "--set=n_samples=20",
    ]
    assert run.main(line) == 0
    assert capfd.readouterr().err == ""
    record = json.loads((place / "run" / "record.json").read_text())
    assert record["dataset"] == line[2].partition("=")[2]
    assert runner.command(configuration.resolve(configuration.find("theis2015"), record["dataset"], preset="smoke"))
    assert evaluate.main(["evaluate", f"--workdir={place}/run"]) == 0


def test_pictures_with_palettes_and_transparency_are_read_without_a_word(tmp_path, capfd):
    from gan_repro import data

    rng = np.random.default_rng(3)
    for index in range(12):
        picture = Image.fromarray(rng.integers(0, 256, (SIDE, SIDE, 4), np.uint8))
        if index % 2:
            picture = picture.convert("RGB").convert("P")
            picture.info["transparency"] = bytes(range(256))
            picture.save(tmp_path / f"{index:02}.png", transparency=bytes(range(256)))
        else:
            picture.save(tmp_path / f"{index:02}.png")
    source = data.load(f"images:{tmp_path}")
    assert source.spec.shape == (SIDE, SIDE, 3) and capfd.readouterr().err == ""
