import hnswlib

from peers.engine import Engine as Base


class Engine(Base):
    def build(self, vectors, ids):
        index = hnswlib.Index("ip", self.vectors.dim)
        index.init_index(len(ids), M=self.M, ef_construction=self.EF_CONSTRUCTION, random_seed=1)
        index.set_num_threads(2)
        index.add_items(vectors, ids)
        index.save_index(str(self.work / "index"))

    def open(self):
        self.index = hnswlib.Index("ip", self.vectors.dim)
        self.index.load_index(str(self.work / "index"))
        self.masks = {}

    def query(self, query, k, ef, condition=None):
        self.index.set_ef(max(ef, k))
        if condition is None:
            return self.index.knn_query(query, k, num_threads=1)[0][0]
        # The wheel takes a Python function, called for each row met: slow, but all there is.
        name = condition["name"]
        if name not in self.masks:
            self.masks[name] = self.vectors.mask(condition).tolist().__getitem__
        return self.index.knn_query(query, k, num_threads=1, filter=self.masks[name])[0][0]

    def batch(self, queries, k, ef, threads):
        self.index.set_ef(max(ef, k))
        return self.index.knn_query(queries, k, num_threads=threads)[0]
