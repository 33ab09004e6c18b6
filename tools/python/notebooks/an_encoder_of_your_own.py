# %% [markdown]
# # An encoder of your own
#
# An encoder turns a window of bars into a vector; windows are alike if their vectors point the same way. Any callable
# over arrays of NumPy will do. This one sees the path of the closes and nothing else.

# %%
import tempfile

import numpy as np

import rhymedb


def path(windows):  # windows x bars x 5: open, high, low, close, volume
    closes = np.log(windows[:, :, 3])
    steps = closes[:, ::4]
    return steps - steps.mean(axis=1, keepdims=True)


mine = rhymedb.ChartEncoder(path, id="path/1", dim=12, window=48)

# %% [markdown]
# The check holds it to what search relies on. It finds what is easily overlooked: three of four bars of the window are
# never read.

# %%
try:
    mine.check()
    problem = None
except rhymedb.errors.InvalidError as error:
    problem = str(error)
problem

# %% [markdown]
# Another one reads all of them, and not only their closes.


# %%
def shape(windows):
    prices = np.log(windows[:, :, :4])
    prices = prices - prices.mean(axis=(1, 2), keepdims=True)
    volume = np.log1p(windows[:, :, 4:])
    volume = volume - volume.mean(axis=(1, 2), keepdims=True)
    return np.concatenate([prices, 0.1 * volume], axis=2).reshape(len(windows), -1)


mine = rhymedb.ChartEncoder(shape, id="shape-of-mine/1", dim=48 * 5, window=48)
mine.check()

# %%
folder = tempfile.TemporaryDirectory()
db = rhymedb.open(f"{folder.name}/market.rhyme", encoders=[mine])
db.ingest_synthetic(seed=7)
db.create_space("mine", mine, hop=4)
db.spaces().to_pandas()[["name", "encoder", "dim", "window", "rows"]]

# %% [markdown]
# The same question in both spaces.

# %%
by_mine = db.similar("NOVAUSDT:1h", space="mine", k=5).to_pandas()
by_shape = db.similar("NOVAUSDT:1h", space="shape", k=5).to_pandas()
by_mine[["rank", "score", "symbol", "end"]].join(by_shape[["score", "symbol", "end"]].add_suffix(" by shape"))

# %% [markdown]
# The vectors themselves, for whatever else is to be done with them.

# %%
vectors = db.vectors("mine", "crypto/synthetic/NOVAUSDT:1h")
assert np.allclose(np.linalg.norm(vectors.values, axis=1), 1, atol=1e-2)
assert len(by_mine) == len(by_shape) == 5 and problem is not None
vectors.values.shape

# %%
db.close()
