"""Samples as gan_repro.sample writes them, and what they must be: in float64 from the weights. Nothing is tested here."""

import numpy as np
import pytest
from PIL import Image

from gan_repro import sample
from gan_repro.runs import trained
from gan_repro.system import randomness

SIDE = 8  # of an image, in pixels
GAP, MARGIN = 2, 10  # white pixels between the images of a grid, and around the whole


def ask(folder, *arguments):
    """The exit code of the command in this process."""
    return sample.main(["sample", f"--workdir={folder}", *map(str, arguments)])


def arrays(folder, path, *arguments):
    """{name: array} of the .npz file `path` that the command writes."""
    assert ask(folder, f"--out={path}", *arguments) == 0
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def refused(code, words, capsys, folder, *arguments):
    """Checks that the command ends with `code` and one line that holds all `words`."""
    assert ask(folder, *arguments) == code
    err = capsys.readouterr().err
    assert err.startswith("error: ") and err.count("\n") == 1 and all(word in err for word in words), err


def forward(folder, z, labels=None, kind="best"):
    """uint8 (n, 8, 8, 1): the generators of both papers by hand, in float64, from the weights in the folder."""
    network = trained.from_folder(folder).generator(kind)

    def dense(name, x):
        kernel, bias = (np.asarray(value, np.float64) for value in network.get_layer(name).get_weights())
        return x @ kernel + bias

    hidden = [layer.name for layer in network.layers if layer.get_weights() and layer.name != "output"]
    x = np.asarray(z, np.float64)
    if labels is None:
        for name in hidden:
            x = np.maximum(dense(name, x), 0)
    else:
        one_hot = np.eye(10)[labels]
        both = [np.maximum(dense("latent", x), 0), np.maximum(dense("label", one_hot), 0)]
        x = np.maximum(dense("joint", np.concatenate(both, axis=1)), 0)
    pixels = 255 / (1 + np.exp(-dense("output", x)))
    return np.rint(pixels).astype(np.uint8).reshape(-1, SIDE, SIDE, 1)


def close(images, wanted):
    """Whether uint8 images are equal but for float32's last bits, which may carry a pixel over the edge of rounding."""
    difference = np.abs(np.asarray(images, int) - np.asarray(wanted, int))
    return difference.max() <= 1 and (difference > 0).mean() < 0.01


def cells(path, rows, columns, apart=(GAP, GAP), side=SIDE):
    """uint8 (rows, columns, 8, 8): the images of a PNG's grid, unscaled; every enlarged pixel must be one colour."""
    picture = np.asarray(Image.open(path).convert("RGB"))
    picture = picture[..., 0] if (picture == picture[..., :1]).all() else pytest.fail("not grey")
    # The grid stands in the middle: its title may be wider. Its last row, which may have fewer images, begins at the left.
    begin = np.flatnonzero((picture[-MARGIN - side : -MARGIN] < 255).any(axis=0))[0]
    fits = [width for width in picture.shape[1] - 2 * begin + apart[1] - np.arange(2) if width % columns == 0]
    ((scale, rest),) = (divmod(width // columns - apart[1], side) for width in fits)
    assert rest == 0 and begin >= MARGIN
    step = side * scale + apart[0]
    canvas = picture[len(picture) - MARGIN - rows * step + apart[0] :, begin:]
    found = np.empty((rows, columns, side, side), np.uint8)
    for row, column in np.ndindex(rows, columns):
        left = column * (side * scale + apart[1])
        cell = canvas[row * step : row * step + side * scale, left : left + side * scale]
        found[row, column] = cell[::scale, ::scale]
        assert (found[row, column].repeat(scale, 0).repeat(scale, 1) == cell).all()
    return found


def stops(folder, walk, seed, n=6):
    """Where walk `walk` goes, as documented: a draw of its own from (seed, walk)."""
    return trained.from_folder(folder).prior().draw(n, randomness.seed_pair(seed, walk, randomness.WALK)).numpy()
