from usearch.index import Index

from peers.engine import Engine as Base


class Engine(Base):
    """`dtype` i8 keeps 8-bit codes alone, and has nothing to score again with."""

    def __init__(self, vectors, work, dtype="f32"):
        super().__init__(vectors, work)
        self.dtype = dtype

    def build(self, vectors, ids):
        index = Index(
            ndim=self.vectors.dim,
            metric="cos" if self.dtype == "i8" else "ip",
            dtype=self.dtype,
            connectivity=self.M,
            expansion_add=self.EF_CONSTRUCTION,
        )
        index.add(ids, vectors, threads=2)
        index.save(str(self.work / "index"))

    def open(self):
        self.index = Index.restore(str(self.work / "index"))

    def query(self, query, k, ef, condition=None):
        if condition is not None:
            raise NotImplementedError("no predicates in Python")
        self.index.expansion_search = max(ef, k)
        return self.index.search(query, k, threads=1).keys

    def batch(self, queries, k, ef, threads):
        self.index.expansion_search = max(ef, k)
        return self.index.search(queries, k, threads=threads).keys
