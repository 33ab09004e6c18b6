"""What a peer must be able to do."""

import pathlib


class Engine:
    """A peer in its folder `work`. Ids are the numbers of the rows."""

    M = 16
    EF_CONSTRUCTION = 128

    def __init__(self, vectors, work):
        self.vectors, self.work = vectors, pathlib.Path(work)

    def load(self, vectors, ids):
        """Stores vectors and metadata, for those that keep these apart from the graph. The
        vectors come in a random order; `ids` are their rows."""

    def build(self, vectors, ids):
        """Builds the graph on two threads and saves it."""
        raise NotImplementedError

    def open(self):
        """Opens what was saved."""
        raise NotImplementedError

    def width(self, ef):
        """Told before questions of width `ef`, off the clock."""

    def query(self, query, k, ef, condition=None):
        """The rows nearest to one query, best first; only those that pass a condition
        (group or None, from, to). NotImplementedError if there are no filters."""
        raise NotImplementedError

    def batch(self, queries, k, ef, threads):
        """The same for several queries at once, or None if there is no such call."""
        return None
