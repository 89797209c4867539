"""Problems that leave every number finite: a collapsed generator, a saturated discriminator. NumPy alone.

Numbers that are not finite end a run (trainer.py).
"""

from collections.abc import Mapping

import numpy as np

MONITORED = 256  # samples, and as many real images: the mean of 32,640 distances varies by a hundredth or so
COLLAPSED = 0.1  # of the real images' mean distance: at 1 samples differ as real images do, at 0 all are one picture
GRACE_EPOCHS = 5  # epochs in which a generator may spread: untrained ones draw nearly one picture
SATURATED = (0.99, 0.01)  # D(x) above, D(G(z)) below, both as an epoch's means


def mean_distance(images) -> float:
    """The mean Euclidean distance of two different images, over all pairs: float, in the images' own unit.

    Args:
      images: numbers (n, h, w, c), n >= 2.
    """
    rows = np.asarray(images, np.float32).reshape(len(images), -1)
    rows = rows - rows.mean(axis=0, dtype=np.float64).astype(np.float32)  # else nearly equal images would cancel
    squares: np.ndarray = np.square(rows).sum(axis=1, dtype=np.float64)
    between = squares[:, None] + squares[None, :] - 2.0 * (rows @ rows.T)
    return float(np.sqrt(np.maximum(between, 0.0))[np.triu_indices(len(rows), 1)].mean())


def diversity(samples, real) -> float | None:
    """How much samples differ from each other, in the measure of real images: the ratio of their mean distances, >= 0.

    None where the real images are all the same.
    """
    measure = mean_distance(real)
    return mean_distance(samples) / measure if measure > 0 else None


def find_problems(logs: Mapping[str, float | None], probabilities: bool, spread: bool) -> dict[str, str]:
    """What is wrong with an epoch.

    A generator has collapsed where its diversity is below a tenth of the real images'. A discriminator is saturated where
    it calls real images real and samples false nearly always: its mean D(x) is above .99 and its mean D(G(z)) below .01,
    so that the gradient that it passes to G says next to nothing (in the minimax game it vanishes; Goodfellow et al.
    2014, section 3). A D that still errs on one image in fifty is not noticed.

    Args:
      logs: {"diversity", "d_real", "d_generated": an epoch's means}, as far as known.
      spread: whether samples ever differed more, or more than GRACE_EPOCHS were played; before, nothing has collapsed.
      probabilities: whether D's readings are probabilities; a critic's scores are not, and saturate nowhere.

    Returns:
      {"collapsed" or "saturated": a sentence with the numbers}.
    """
    found = {}
    ratio, real, generated = (logs.get(name) for name in ("diversity", "d_real", "d_generated"))
    if spread and ratio is not None and ratio < COLLAPSED:
        found["collapsed"] = (
            f"the generator has collapsed: two of its samples differ, in the mean, by {ratio:.1%} of what two real images do"
        )
    if probabilities and real is not None and generated is not None and real > SATURATED[0] and generated < SATURATED[1]:
        found["saturated"] = f"the discriminator is saturated: D(x) {real:.4f}, D(G(z)) {generated:.4f}"
    return found


OVER = {
    "collapsed": "the generator is no longer collapsed",
    "saturated": "the discriminator is no longer saturated",
}


def record_problems(notices: list[dict], epoch: int, found: Mapping[str, str]) -> list[str]:
    """Keeps what `find_problems` found in an epoch, and says what is new.

    Args:
      notices: list of {"what", "first", "last"}: from which epoch to which; changed.
      epoch: 1-based, each in turn.
      found: as `find_problems` gives it.

    Returns:
      lines for the user: one when a problem begins, one when it is over.
    """
    lines = []
    for what, over in OVER.items():
        going_on = next((entry for entry in notices if entry["what"] == what and entry["last"] == epoch - 1), None)
        if what in found and going_on:
            going_on["last"] = epoch
        elif what in found:
            notices.append({"what": what, "first": epoch, "last": epoch})
            lines.append(f"epoch {epoch}: {found[what]}")
        elif going_on:
            lines.append(f"epoch {epoch}: {over}")
    return lines
