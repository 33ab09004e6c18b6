import faiss
import numpy as np

from peers.engine import Engine as Base


class Engine(Base):
    """`codes` walks on 8-bit codes and scores four times the answers again in full."""

    def __init__(self, vectors, work, codes=False):
        super().__init__(vectors, work)
        self.codes = codes

    def build(self, vectors, ids):
        faiss.omp_set_num_threads(2)
        if self.codes:
            kind = faiss.ScalarQuantizer.QT_8bit
            metric = faiss.METRIC_INNER_PRODUCT
            graph = faiss.IndexHNSWSQ(self.vectors.dim, kind, self.M, metric)
            index = faiss.IndexRefineFlat(graph)
        else:
            index = graph = faiss.IndexHNSWFlat(self.vectors.dim, self.M, faiss.METRIC_INNER_PRODUCT)
        graph.hnsw.efConstruction = self.EF_CONSTRUCTION
        index.train(vectors)
        index.add(vectors)
        faiss.write_index(index, str(self.work / "index"))

    def open(self):
        self.index = faiss.read_index(str(self.work / "index"))
        self.order = self.vectors.order()
        self.masks = {}

    def params(self, ef, condition=None):
        own = faiss.SearchParametersHNSW(efSearch=ef)
        if condition is not None:
            if condition["name"] not in self.masks:
                bits = np.packbits(self.vectors.mask(condition)[self.order], bitorder="little")
                self.masks[condition["name"]] = (faiss.IDSelectorBitmap(bits), bits)
            own.sel = self.masks[condition["name"]][0]
        if not self.codes:
            return own
        # The factor is not used if it is left out of the parameters.
        return faiss.IndexRefineSearchParameters(k_factor=4, base_index_params=own)

    def query(self, query, k, ef, condition=None):
        faiss.omp_set_num_threads(1)
        params = self.params(max(ef, k), condition)
        rows = self.index.search(query[None], k, params=params)[1][0]
        return self.order[rows[rows >= 0]]

    def batch(self, queries, k, ef, threads):
        faiss.omp_set_num_threads(threads)
        rows = self.index.search(queries, k, params=self.params(max(ef, k)))[1]
        return np.where(rows >= 0, self.order[rows], self.vectors.rows)
