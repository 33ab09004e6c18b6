"""One file a peer. Each has a class `Engine` as peers/engine.py describes it."""

import importlib

# name in the table: module, options of its class
ENGINES = {
    "hnswlib": ("hnswlib", {}),
    "faiss": ("faiss", {}),
    "faiss-sq8": ("faiss", {"codes": True}),
    "usearch": ("usearch", {}),
    "usearch-i8": ("usearch", {"dtype": "i8"}),
    "zvec": ("zvec", {}),
    "lancedb": ("lancedb", {}),
    "qdrant-edge": ("qdrant", {}),
    "chroma": ("chroma", {}),
}


def make(name, vector_set, work):
    module, options = ENGINES[name]
    return importlib.import_module(f"peers.engines.{module}_engine").Engine(vector_set, work, **options)
