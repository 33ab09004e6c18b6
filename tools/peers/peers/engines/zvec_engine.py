import zvec

from peers.engine import Engine as Base

BATCH = 1000


class Engine(Base):
    def __init__(self, vectors, work):
        super().__init__(vectors, work)
        zvec.init(
            log_type=zvec.LogType.FILE,
            log_dir=str(self.work.parent / "zvec-logs"),
            optimize_threads=2,
        )
        self.path = str(self.work / "collection")

    def load(self, vectors, ids):
        graph = zvec.HnswIndexParam(
            metric_type=zvec.MetricType.IP, m=self.M, ef_construction=self.EF_CONSTRUCTION
        )
        ranges = zvec.InvertIndexParam(enable_range_optimization=True)
        schema = zvec.CollectionSchema(
            "peers",
            fields=[
                zvec.FieldSchema("group", zvec.DataType.INT64, index_param=zvec.InvertIndexParam()),
                zvec.FieldSchema("end", zvec.DataType.INT64, index_param=ranges),
            ],
            vectors=zvec.VectorSchema(
                "v", zvec.DataType.VECTOR_FP32, self.vectors.dim, index_param=graph
            ),
        )
        self.collection = zvec.create_and_open(self.path, schema)
        group, end = self.vectors.group, self.vectors.end
        for start in range(0, len(ids), BATCH):
            batch = slice(start, start + BATCH)
            docs = [
                zvec.Doc(
                    str(row),
                    vectors={"v": vector},
                    fields={"group": int(group[row]), "end": int(end[row])},
                )
                for row, vector in zip(ids[batch], vectors[batch])
            ]
            for status in self.collection.insert(docs):
                if not status.ok():
                    raise RuntimeError(status.message())

    def build(self, vectors, ids):
        self.collection.optimize(zvec.OptimizeOption(concurrency=2))
        self.collection.flush()
        self.collection.close()

    def open(self):
        self.collection = zvec.open(self.path, zvec.CollectionOption(read_only=True))

    def query(self, query, k, ef, condition=None):
        text = None
        if condition is not None:
            text = f"end >= {condition['from']} and end <= {condition['to']}"
            if condition["group"] is not None:
                text += f" and group = {condition['group']}"
        param = zvec.HnswQueryParam(ef=max(ef, k))
        asked = zvec.Query(field_name="v", vector=query, param=param)
        found = self.collection.query(asked, topk=k, filter=text, output_fields=[])
        return [int(doc.id) for doc in found]
