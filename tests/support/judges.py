"""A classifier in the place of a trained one. Nothing is tested here."""

import numpy as np


class Judge:
    """Reads an image's class off its first pixel, 0 to .9, and takes its pixels for features."""

    accuracy, n_test = 0.9, 60

    def read(self, images):
        assert images.dtype == np.float32 and images.min() >= 0 and images.max() <= 1
        return np.minimum(images[:, 0, 0, 0] * 10, 9).astype(np.int64)

    def features(self, images):
        return images.reshape(len(images), -1)[:, :5]

    def read_with_features(self, images):
        return self.read(images), self.features(images)
