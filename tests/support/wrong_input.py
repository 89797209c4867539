"""Wrong command lines: cases of them, and the folder with sound and unsound data, pictures and runs where they are tried."""

import json
import os
import pickle
import zipfile
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import io

import support
from gan_repro.papers import configuration

SIDE, N = 8, 60  # of an image, in pixels; images in each .npz file
# Flags that take a name or a path: an answer shows what was given.
NAMES = [
    "experiment",
    "dataset",
    "data_dir",
    "model",
    "preset",
    "workdir",
    "results",
    "add",
    "out",
    "generator",
    "interpolate",
    "flagfile",
]


class Case(NamedTuple):
    """A command line, the exit code of its answer, and the words that the answer must hold."""

    program: str
    arguments: list[str]
    code: int
    words: list[str]

    def __str__(self):
        words = [self.program, *(word if len(word) < 100 else f"{word[:40]}..." for word in self.arguments)]
        return " ".join(words)[-70:].encode("unicode_escape").decode()


def shown(text):
    """The beginning of a text as an answer shows it, in one line."""
    return text[:20].replace("\n", "\\n").encode("utf-8", "backslashreplace").decode()


def named(argument):
    """How an answer names an argument: by the field or the flag, or by the value of a flag that takes a name or a path."""
    flag, _, value = argument.partition("=")
    if flag == "--set" and value:
        return shown(value.partition("=")[0])
    if flag.removeprefix("--") in NAMES and value:
        kind, colon, path = value.partition(":")
        return shown(path if flag == "--dataset" and kind in ("npz", "images") and path else value)
    return flag.removeprefix("--") if flag in ("--seed", "--epochs") else flag  # they are fields as well


def cases(table, code):
    """The cases of a table (wrong_lines.py says what it looks like), with that exit code."""
    found = []
    for (program, *first), lasts in table.items():
        for last in lasts:
            argument, *words = (last,) if isinstance(last, str) else last
            name = [named(argument)] if argument else []
            found.append(Case(program, [*first, *([argument] if argument else [])], code, [*name, *words]))
    return found


class Bomb:
    """Unpickling this would leave a file called "exploded" in the current folder."""

    def __reduce__(self):
        return open, ("exploded", "w")


def make_npz(folder):
    """Sound and unsound .npz files."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (N, SIDE, SIDE), np.uint8), np.arange(N) % 10
    objects = np.array([Bomb()] * N, object)
    held = {
        "good": {"images": images, "labels": labels},
        "unlabelled": {"images": images},
        "other": {"x_train": images, "y": labels},
        "nothing": {},
        "objects": {"images": objects},
        "object labels": {"images": images, "labels": objects},
        "float": {"images": images / 255},
        "nan": {"images": np.full((N, SIDE, SIDE), np.nan, np.float32)},
        "wide": {"images": images.astype(np.int64)},
        "flat": {"images": images.reshape(N, -1)},
        "five": {"images": images[..., None, None]},
        "channels": {"images": np.repeat(images[..., None], 4, -1)},
        "no pixels": {"images": images[:, :0]},
        "no images": {"images": images[:0]},
        "one": {"images": images[:1]},
        "few": {"images": images[:11]},
        "odd": {"images": rng.integers(0, 256, (N, 30, 27), np.uint8)},
        "labels short": {"images": images, "labels": labels[1:]},
        "labels square": {"images": images, "labels": np.eye(10, dtype=int)[labels]},
        "labels float": {"images": images, "labels": labels / 1},
        "labels negative": {"images": images, "labels": labels - 1},
        "labels large": {"images": images, "labels": labels * 1000},
        "split short": {"images": images, "split": labels[:3]},
        "split codes": {"images": images, "split": labels % 4},
        "split negative": {"images": images, "split": labels % 3 - 1},
        "split without train": {"images": images, "split": 1 + labels % 2},
        "split without test": {"images": images, "split": labels % 2},
    }
    for name, arrays in held.items():
        np.savez(folder / f"{name}.npz", **arrays)
    np.save(folder / "array.npy", images)
    (folder / "text.npz").write_text("no archive")
    (folder / "an empty file ☃.npz").touch()
    (folder / "pickle.npz").write_bytes(pickle.dumps(Bomb()))
    (folder / "folder.npz").mkdir()
    os.mkfifo(folder / "pipe")
    good = (folder / "good.npz").read_bytes()
    (folder / "truncated.npz").write_bytes(good[: len(good) // 2])
    (folder / "flipped.npz").write_bytes(good[:400] + bytes([good[400] ^ 1]) + good[401:])
    encrypted = bytearray(good)
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):  # the flag "encrypted" of each entry, in both places
        at = encrypted.find(signature)
        while at >= 0:
            encrypted[at + offset] |= 1
            at = encrypted.find(signature, at + 1)
    (folder / "encrypted.npz").write_bytes(encrypted)
    with zipfile.ZipFile(folder / "bytes.npz", "w") as archive:
        archive.writestr("images", b"no array")
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (10000000000000000000000000,)}".ljust(117) + b"\n"
    with zipfile.ZipFile(folder / "endless.npz", "w") as archive:
        archive.writestr("images.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)


def make_pictures(folder):
    """Folders of 12 sound pictures, each with something else besides."""
    rng = np.random.default_rng(1)
    pictures = [Image.fromarray(pixels) for pixels in rng.integers(0, 256, (12, SIDE, SIDE), np.uint8)]

    def fill(name, n=12):
        (folder / name).mkdir(parents=True)
        for index, picture in enumerate(pictures[:n]):
            picture.save(folder / name / f"{index:02}.png")
        return folder / name

    sound = (fill("few", 11) / "00.png").read_bytes()
    pictures[0].crop((0, 0, SIDE, SIDE - 1)).save(fill("sizes") / "x.png")
    (fill("corrupt") / "x.png").write_bytes(sound[:45] + b"\0\0\0\0" + sound[49:])
    pictures[0].save(fill("truncated") / "whole.jpeg", quality=100)
    whole = (folder / "truncated" / "whole.jpeg").read_bytes()
    (folder / "truncated" / "whole.jpeg").unlink()
    (folder / "truncated" / "x.jpg").write_bytes(whole[: len(whole) * 3 // 4])
    (fill("no picture") / "x.png").write_text("no picture")
    os.mkfifo(fill("pipes") / "x.png")
    (fill("links") / "x.png").symlink_to("nowhere")
    Image.fromarray(np.zeros((SIDE, SIDE), np.uint16)).save(fill("deep colours") / "x.png")
    (folder / "texts").mkdir()
    (folder / "texts" / "a.txt").write_text("a")
    for name in ("mixed/a", "mixed", "deep/a/b", "divided/train", "divided/test"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        pictures[0].save(folder / name / "0.png")


def make_prepared(folder):
    """TFD's file and the folders of TensorFlow Datasets, none of them sound."""
    for name in ("other", "truncated", "text", "cells", "folder/TFD_48x48.mat"):
        (folder / f"mat {name}").mkdir(parents=True)
    io.savemat(folder / "mat other" / "TFD_48x48.mat", {"x_train": np.zeros((3, 48, 48))})
    io.savemat(folder / "mat cells" / "TFD_48x48.mat", {"images": np.array([1, "x"], object), "folds": 1, "labs_ex": 1})
    whole = (folder / "mat other" / "TFD_48x48.mat").read_bytes()
    (folder / "mat truncated" / "TFD_48x48.mat").write_bytes(whole[: len(whole) // 2])
    (folder / "mat text" / "TFD_48x48.mat").write_text("no matrices " * 100)
    for name, content in (("mnist/3.0.1", "{"), ("celeb_a/2.1.0", '{"name": "celeb_a"}')):
        (folder / "tfds" / name).mkdir(parents=True)
        (folder / "tfds" / name / "dataset_info.json").write_text(content)


def make_runs(folder):
    """Folders as runs leave them, whose weights are no weights."""
    runs = {
        "cgan": ("cgan", "mnist", [28, 28, 1], 10),
        "line": ("goodfellow2014", "gaussian1d", [1, 1, 1], 0),
        "theis": ("theis2015", "mnist", [28, 28, 1], 10),
    }
    for name, (experiment, dataset, shape, classes) in runs.items():
        place = folder / name
        (place / "checkpoints").mkdir(parents=True)
        config = configuration.resolve(configuration.find(experiment), dataset, preset="smoke")
        (place / "config.json").write_text(json.dumps(config.as_dict()))
        data = {"name": dataset, "title": dataset, "shape": shape, "classes": classes, "sha256": ""}
        (place / "manifest.json").write_text(json.dumps({"data": data, "continued_under": []}))
        for weights in ("generator.weights.h5", "generator_best.weights.h5", "checkpoints/0000000001.npz"):
            (place / weights).write_text("no weights")
    (folder / "tables").mkdir()


def listing(folder):
    """What is in a folder: {path: (size, time of change) of a file, None of a folder}, but for the locks of runs."""
    found = {}
    for root, folders, names in os.walk(folder):
        found |= {os.path.join(root, name): None for name in folders}
        states = ((path, os.lstat(path)) for path in (os.path.join(root, name) for name in names if name != ".lock"))
        found |= {path: (state.st_size, state.st_mtime_ns) for path, state in states}
    return found


def environment():
    """That of a user with the package at hand, no prepared data, and no network whatever machine this is."""
    kept = {key: value for key, value in os.environ.items() if key.lower() not in ("no_proxy", "tfds_data_dir")}
    nowhere = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    return kept | nowhere | {"PYTHONPATH": str(support.ROOT)}


def make(folder):
    """Everything that the command lines name."""
    make_npz(folder)
    make_pictures(folder)
    make_prepared(folder)
    make_runs(folder)
