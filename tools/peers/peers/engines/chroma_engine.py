import chromadb

from peers.engine import Engine as Base


class Engine(Base):
    def client(self):
        settings = chromadb.Settings(anonymized_telemetry=False)
        return chromadb.PersistentClient(str(self.work), settings)

    def build(self, vectors, ids):
        # Chroma builds its graph while it stores.
        client = self.client()
        graph = {
            "space": "ip",
            "max_neighbors": self.M,
            "ef_construction": self.EF_CONSTRUCTION,
            "num_threads": 2,
        }
        collection = client.create_collection("rows", configuration={"hnsw": graph})
        group, end = self.vectors.group, self.vectors.end
        step = client.get_max_batch_size()
        for start in range(0, len(ids), step):
            rows = ids[start : start + step]
            collection.add(
                ids=[str(row) for row in rows],
                embeddings=vectors[start : start + step],
                metadatas=[{"group": int(group[row]), "end": int(end[row])} for row in rows],
            )
        # What is not yet in its graph gets there with the first question.
        collection.query(query_embeddings=vectors[:1], n_results=1, include=[])

    def open(self):
        self.opened = self.client()
        self.collection = self.opened.get_collection("rows")

    def width(self, ef):
        # The setting is stored at once, but counts only after the database is opened again.
        self.collection.modify(configuration={"hnsw": {"ef_search": ef}})
        self.opened.clear_system_cache()
        self.open()

    def query(self, query, k, ef, condition=None):
        return self.ask(query[None], k, condition)[0]

    def batch(self, queries, k, ef, threads):
        return self.ask(queries, k) if threads == 1 else None

    def ask(self, queries, k, condition=None):
        where = None
        if condition is not None:
            parts = [{"end": {"$gte": condition["from"]}}, {"end": {"$lte": condition["to"]}}]
            if condition["group"] is not None:
                parts.append({"group": condition["group"]})
            where = {"$and": parts}
        found = self.collection.query(query_embeddings=queries, n_results=k, where=where, include=[])
        return [[int(row) for row in ids] for ids in found["ids"]]
