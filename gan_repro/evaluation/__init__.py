"""Numbers that judge a generator: Parzen-window log-likelihood, nearest neighbours, k-means centroids.

Everything here takes arrays and returns arrays; loading data, drawing samples and making tables or figures is not here.
"""
