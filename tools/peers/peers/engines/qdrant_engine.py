import qdrant_edge as qdrant

from peers.engine import Engine as Base

BATCH = 5000


class Engine(Base):
    def config(self):
        graph = qdrant.HnswIndexConfig(
            m=self.M, ef_construct=self.EF_CONSTRUCTION, full_scan_threshold=10_000,
            max_indexing_threads=2,
        )
        vector = qdrant.EdgeVectorParams(size=self.vectors.dim, distance=qdrant.Distance.Dot)
        optimizers = qdrant.EdgeOptimizersConfig(
            default_segment_number=1, max_segment_size=100_000_000, indexing_threshold=1000
        )
        return qdrant.EdgeConfig(vectors=vector, hnsw_config=graph, optimizers=optimizers)

    def load(self, vectors, ids):
        self.shard = qdrant.EdgeShard.create(str(self.work), self.config())
        for field in ("group", "end"):
            kind = qdrant.PayloadSchemaType.Integer
            self.shard.update(qdrant.UpdateOperation.create_field_index(field, kind))
        group, end = self.vectors.group, self.vectors.end
        for start in range(0, len(ids), BATCH):
            batch = slice(start, start + BATCH)
            points = [
                qdrant.Point(
                    int(row), vector.tolist(), {"group": int(group[row]), "end": int(end[row])}
                )
                for row, vector in zip(ids[batch], vectors[batch])
            ]
            self.shard.update(qdrant.UpdateOperation.upsert_points(points))

    def build(self, vectors, ids):
        while self.shard.optimize():
            pass
        self.shard.flush()
        self.shard.close()

    def open(self):
        self.shard = qdrant.EdgeShard.load(str(self.work))

    def query(self, query, k, ef, condition=None):
        must = None
        if condition is not None:
            span = qdrant.RangeFloat(gte=condition["from"], lte=condition["to"])
            must = [qdrant.FieldCondition("end", range=span)]
            if condition["group"] is not None:
                match = qdrant.MatchValue(condition["group"])
                must.append(qdrant.FieldCondition("group", match=match))
        asked = qdrant.SearchRequest(
            query=qdrant.Query.Nearest(query.tolist()),
            limit=k,
            params=qdrant.SearchParams(hnsw_ef=max(ef, k)),
            filter=must and qdrant.Filter(must=must),
        )
        return [point.id for point in self.shard.search(asked)]
