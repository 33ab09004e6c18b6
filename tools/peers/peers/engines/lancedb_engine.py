import lancedb
import pyarrow as pa
from lancedb.index import BTree, HnswFlat

from peers.engine import Engine as Base


class Engine(Base):
    def load(self, vectors, ids):
        flat = pa.array(vectors.ravel())
        table = pa.table(
            {
                "id": ids,
                "group": self.vectors.group[ids],
                "end": self.vectors.end[ids],
                "v": pa.FixedSizeListArray.from_arrays(flat, self.vectors.dim),
            }
        )
        self.table = lancedb.connect(self.work).create_table("rows", table)

    def build(self, vectors, ids):
        graph = HnswFlat(
            distance_type="dot", num_partitions=1, m=self.M, ef_construction=self.EF_CONSTRUCTION
        )
        self.table.create_index("v", config=graph)
        self.table.create_index("end", config=BTree())
        self.table.create_index("group", config=BTree())

    def open(self):
        self.table = lancedb.connect(self.work).open_table("rows")

    def query(self, query, k, ef, condition=None):
        asked = self.table.search(query, vector_column_name="v").distance_type("dot")
        asked = asked.nprobes(1).ef(max(ef, k)).limit(k).select(["id"])
        if condition is not None:
            text = f"end >= {condition['from']} AND end <= {condition['to']}"
            if condition["group"] is not None:
                text += f" AND `group` = {condition['group']}"
            asked = asked.where(text, prefilter=True)
        return asked.to_arrow()["id"].to_numpy()
