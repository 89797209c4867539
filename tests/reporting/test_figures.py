"""Figures: read back as pixels: each image is where it belongs, unsmoothed; the same arguments give the same bytes."""

import numpy as np
import pytest
from PIL import Image
from support.pictures import read

from gan_repro.figures import grids
from gan_repro.system.errors import RunError

MARGIN, GAP = grids.MARGIN, grids.GAP


def digits(n, size=8, channels=1, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, size, size, channels)) / 255


def enlarged(image, scale):
    """What must be found in the file: the image's bytes, each a block of scale x scale, grey as RGB."""
    blocks = np.kron(np.rint(image * 255).astype(np.uint8), np.ones((scale, scale, 1), np.uint8))
    return np.broadcast_to(blocks, (*blocks.shape[:2], 3))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("title", [None, "a title"])
def test_sample_grid_puts_every_pixel_where_it_belongs(tmp_path, channels, title):
    images = digits(6, channels=channels)
    grids.sample_grid(tmp_path / "g.png", images, 2, 3, title)
    picture, scale = read(tmp_path / "g.png"), 4
    cell = 8 * scale
    height = 2 * cell + GAP
    assert picture.shape[1] == 3 * cell + 2 * GAP + 2 * MARGIN
    assert (picture.shape[0] == height + 2 * MARGIN) == (title is None)
    top = picture.shape[0] - MARGIN - height
    for index, image in enumerate(images):
        y, x = top + index // 3 * (cell + GAP), MARGIN + index % 3 * (cell + GAP)
        np.testing.assert_array_equal(picture[y : y + cell, x : x + cell], enlarged(image, scale))
    assert (picture[top : top + height, MARGIN + cell : MARGIN + cell + GAP] == 255).all()
    assert (picture[:top] < 128).any() == (title is not None)


def test_sample_grid_of_mnist_size_and_of_any_size_is_never_off_by_a_pixel(tmp_path):
    for size in (5, 28, 31, 48, 64):
        grids.sample_grid(tmp_path / "g.png", digits(4, size), 2, 2)
        cell = 4 * size
        assert read(tmp_path / "g.png").shape[:2] == (2 * cell + GAP + 2 * MARGIN, 2 * cell + GAP + 2 * MARGIN)


def test_range_and_clipping(tmp_path):
    images = np.array([-3.0, -1.0, 0.0, 1.0, 3.0]).reshape(5, 1, 1, 1)
    grids.sample_grid(tmp_path / "g.png", images, 1, 5, low=-1.0, high=1.0)
    row = read(tmp_path / "g.png")[MARGIN + 1, MARGIN + 1 :: 4 + GAP, 0][:5]
    assert row.tolist() == [0, 0, 128, 255, 255]


def test_missing_cells_are_white_and_too_many_images_an_error(tmp_path):
    grids.sample_grid(tmp_path / "g.png", np.zeros((1, 8, 8, 1)), 1, 2)
    picture = read(tmp_path / "g.png")
    assert (picture[MARGIN : MARGIN + 32, MARGIN : MARGIN + 32] == 0).all()
    assert (picture[:, MARGIN + 32 :] == 255).all()
    with pytest.raises(ValueError, match="do not fit"):
        grids.sample_grid(tmp_path / "g.png", digits(3), 1, 2)


@pytest.mark.parametrize("images", [np.zeros((2, 8, 8)), np.zeros((2, 8, 8, 2)), np.full((2, 8, 8, 1), np.nan)])
def test_what_is_no_image_is_an_error(tmp_path, images):
    with pytest.raises(ValueError, match="images"):
        grids.sample_grid(tmp_path / "g.png", images, 1, 2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("flat", [True, False])
def test_nearest_grid_outlines_the_sixth_column(tmp_path, flat):
    samples, neighbours = digits(20, 28), digits(4, 28, seed=1)
    given = samples if flat else samples.reshape(4, 5, 28, 28, 1)
    grids.nearest_grid(tmp_path / "n.png", given, neighbours, 0.0, 1.0, "a caption")
    picture = read(tmp_path / "n.png")
    cell, outlined = 28 * 4, (picture == grids.YELLOW).all(-1)
    ys, xs = np.nonzero(outlined)
    top, left = ys.min(), xs.min()
    pitch = cell + 6 + GAP
    assert xs.max() - left == cell + 5 and ys.max() - top == 3 * pitch + cell + 5
    assert outlined.sum() == 4 * ((cell + 6) ** 2 - cell**2)
    for row in range(4):
        y = top + 3 + row * pitch
        np.testing.assert_array_equal(picture[y : y + cell, left + 3 : left + 3 + cell], enlarged(neighbours[row], 4))
        for column in range(5):
            x = MARGIN + 3 + column * pitch
            np.testing.assert_array_equal(picture[y : y + cell, x : x + cell], enlarged(samples[5 * row + column], 4))
    assert (picture[:top] < 128).any() and (picture[ys.max() + 2 :] < 128).any()  # headings above, the caption below
    assert (picture[:, :MARGIN][: ys.max()] == 255).all()


TITLE = "the mean training image (of data with a long name, contrast-normalised to norm 55) in place of samples"


@pytest.mark.parametrize("size, title", [(8, TITLE), (48, TITLE), (8, "o" * 90), (48, f"{TITLE} {TITLE}")])
def test_no_title_is_cut_off_by_a_small_image(tmp_path, size, title):
    image = digits(1, size)
    grids.sample_grid(tmp_path / "g.png", image, 1, 1, title)
    picture, cell = read(tmp_path / "g.png"), 4 * size
    assert (picture[:, :3] == 255).all() and (picture[:, -3:] == 255).all() and (picture[:3] == 255).all()
    left = (picture.shape[1] - cell) // 2
    at = picture[-MARGIN - cell : -MARGIN, left : left + cell]
    np.testing.assert_array_equal(at, enlarged(image[0], 4))
    words = np.flatnonzero((picture[: -MARGIN - cell] < 128).any(axis=(0, 2)))
    assert words[-1] - words[0] > 1.5 * cell and picture.shape[1] < max(grids.TEXT, 1.2 * (words[-1] - words[0])) + 3 * MARGIN


def test_rows_have_their_words_beside_them(tmp_path):
    images, labels = digits(6, 28), [("best by validation", "183.0 nats"), (), ("moving average of weights, decay .9995",)]
    grids.sample_grid(tmp_path / "g.png", images, 3, 2, "a title", labels=labels)
    picture, cell = read(tmp_path / "g.png"), 28 * 4
    height, width = 3 * cell + 2 * GAP, 2 * cell + GAP
    grid = picture[-MARGIN - height : -MARGIN, -MARGIN - width : -MARGIN]
    for index, image in enumerate(images):
        y, x = index // 2 * (cell + GAP), index % 2 * (cell + GAP)
        np.testing.assert_array_equal(grid[y : y + cell, x : x + cell], enlarged(image, 4))
    beside = picture[-MARGIN - height : -MARGIN, : -MARGIN - width]
    dark = [(beside[row * (cell + GAP) : row * (cell + GAP) + cell] < 128).any(axis=(1, 2)) for row in range(3)]
    assert [rows.any() for rows in dark] == [True, False, True]
    for rows in (dark[0], dark[2]):
        assert abs(np.flatnonzero(rows).mean() - cell / 2) < 8  # in the middle of its row
    assert (beside[:, : MARGIN - 3] == 255).all() and (beside[:, -MARGIN + 3 :] == 255).all()


def test_long_strips_are_enlarged_as_well(tmp_path):
    strips = digits(50, 28).reshape(2, 25, 28, 28, 1)
    grids.interpolation_strips(tmp_path / "s.png", strips)
    assert read(tmp_path / "s.png").shape[1] == 25 * 28 * 2 + 2 * MARGIN


def test_nearest_grid_refuses_shapes_that_do_not_fit(tmp_path):
    for samples, neighbours in ((digits(19), digits(4)), (digits(20, 9), digits(4)), (digits(2), digits(4))):
        with pytest.raises(ValueError, match="do not fit"):
            grids.nearest_grid(tmp_path / "n.png", samples, neighbours, 0.0, 1.0, None)


def test_interpolation_strips(tmp_path):
    strips = digits(20).reshape(2, 10, 8, 8, 1)
    grids.interpolation_strips(tmp_path / "s.png", strips)
    picture, cell = read(tmp_path / "s.png"), 32
    assert picture.shape[:2] == (2 * cell + 4 * GAP + 2 * MARGIN, 10 * cell + 2 * MARGIN)
    for strip, step in ((0, 0), (0, 9), (1, 0), (1, 4)):
        y, x = MARGIN + strip * (cell + 4 * GAP), MARGIN + step * cell
        np.testing.assert_array_equal(picture[y : y + cell, x : x + cell], enlarged(strips[strip, step], 4))
    with pytest.raises(ValueError, match="strips"):
        grids.interpolation_strips(tmp_path / "s.png", digits(20))


def test_the_same_arguments_give_the_same_bytes_and_no_date_or_version(tmp_path):
    for name in ("1.png", "2.png"):
        grids.sample_grid(tmp_path / name, digits(6), 2, 3, "title")
    first = (tmp_path / "1.png").read_bytes()
    assert first == (tmp_path / "2.png").read_bytes()
    assert b"atplotlib" not in first and b"tIME" not in first and b"tEXt" not in first


def test_a_folder_that_cannot_be_written_is_a_run_error_and_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot write"):
        grids.sample_grid(tmp_path / "file" / "g.png", digits(1), 1, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def gif(path):
    """uint8 (n, h, w, 3)."""
    with Image.open(path) as file:
        frames = []
        for index in range(file.n_frames):
            file.seek(index)
            frames.append(np.asarray(file.convert("RGB")))
    return np.stack(frames)


@pytest.mark.parametrize("channels", [1, 3])
def test_animation_shows_every_frame_as_a_grid(tmp_path, channels):
    """Grey values exactly; colours near enough where a few of them make up all frames, and the gaps white."""
    few = np.array([[0.1, 0.9, 0.2], [0.8, 0.2, 0.1], [0.3, 0.3, 0.9], [0.0, 0.0, 0.0]])
    rng = np.random.default_rng(0)
    frames = rng.random((5, 3, 8, 8, 1)) if channels == 1 else few[rng.integers(0, 4, (5, 3, 8, 8))]
    grids.animation(tmp_path / "g.gif", 2 * frames - 1, 2, 2, low=-1.0, high=1.0)
    found, cell = gif(tmp_path / "g.gif"), 32
    assert found.shape == (5, 2 * cell + GAP, 2 * cell + GAP, 3)
    for shown, images in zip(found, frames):
        for index, image in enumerate(images):
            y, x = index // 2 * (cell + GAP), index % 2 * (cell + GAP)
            difference = np.abs(shown[y : y + cell, x : x + cell].astype(int) - enlarged(image, 4))
            assert difference.max() <= (0 if channels == 1 else 4)
        assert (shown[cell : cell + GAP] == 255).all() and (shown[cell:, cell:] == 255).all()


@pytest.mark.parametrize("shape", [(3, 8, 8, 1), (2, 5, 8, 8, 1), (2, 3, 8, 8, 2)])
def test_animation_refuses_what_does_not_fit(tmp_path, shape):
    with pytest.raises(ValueError, match="frames|fit|images"):
        grids.animation(tmp_path / "g.gif", np.zeros(shape), 2, 2)
    assert list(tmp_path.iterdir()) == []


def test_arithmetic_sheet_has_every_image_in_its_place(tmp_path):
    def block(seed):
        images = digits(22, seed=seed)
        return images[:9].reshape(3, 3, 8, 8, 1), images[9:12], images[12:21], images[21]

    blocks = [block(0), block(1)]
    grids.arithmetic_sheet(tmp_path / "a.png", blocks, ["A", "B", "C", "D"])
    picture, cell, size = read(tmp_path / "a.png"), 3 * 8 + 4, 3 * 8
    outlined = (picture == grids.YELLOW).all(-1)
    assert outlined.sum() == 2 * 4 * (cell**2 - size**2)
    top = np.nonzero(outlined)[0].min() - cell  # the first outlined image is the result, in the second row

    def at(row, left, block):
        y, x = top + block * (4 * cell + GAP + 8 * GAP) + row * cell + (GAP if row == 3 else 0) + 2, MARGIN + left + 2
        return picture[y : y + size, x : x + size]

    for block, (images, means, results, pixels) in enumerate(blocks):
        lefts = [column * (cell + 32 * GAP) for column in range(4)]
        for column in range(3):
            for row in range(3):
                np.testing.assert_array_equal(at(row, lefts[column], block), enlarged(images[column, row], 3))
            np.testing.assert_array_equal(at(3, lefts[column], block), enlarged(means[column], 3))
        for k in range(9):
            np.testing.assert_array_equal(at(k // 3, lefts[3] + k % 3 * cell, block), enlarged(results[k], 3))
        np.testing.assert_array_equal(at(3, lefts[3] + cell, block), enlarged(pixels, 3))
