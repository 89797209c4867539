"""What the figures of runs show, in words: by what follows the run's name in results/figures."""

from gan_repro.papers import weights_names

WORDS = {  # what the name of a figure begins with
    "samples": "samples",
    "classes": "a row for each label",
    "interpolation": "interpolation in z",
    "walk": "walks through z",
    "arithmetic": "vector arithmetic",
    "averages": "averages of weights beside the last ones",
    "training": "curves of the training",
    "curves": "curves of the training",
    "estimate": "estimate and quality",
    "log-likelihood": "log-likelihood along the training",
    "sweep": "log-likelihood against σ and n",
    "k-means-centroids": "k-means centroids",
    "surface": "level sets of D",
    "densities": "densities along the training",
    "strips": "densities along the training, by recipe",
    "depth": "gradients in D's layers, and its weights",
    "chain": "consecutive samples of one chain",
    "figure1": "Figure 1",
    "figure2": "Figure 2",
}


def in_words(kind: str) -> str:
    """What a figure shows: "samples, best by validation" for "samples-best"."""
    if kind in WORDS:
        return WORDS[kind]
    head, _, name = kind.partition("-")
    if head not in WORDS or not weights_names.is_name(name):
        return kind.replace("-", " ")
    return f"{WORDS[head]}, {f'average {name}' if weights_names.is_average(name) else weights_names.title(name)}"
