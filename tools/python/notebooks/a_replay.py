# %% [markdown]
# # A replay
#
# At each step of the past: what would the search have said then, and what came after? A view as of each step makes
# looking ahead impossible, also by mistake.

# %%
import tempfile

import pandas as pd

import rhymedb

folder = tempfile.TemporaryDirectory()
db = rhymedb.open(f"{folder.name}/market.rhyme")
db.ingest_synthetic(seed=7)
bars = db.bars("NOVAUSDT:1h", last=0).to_pandas().set_index("open_time")
bars["close"].describe()

# %% [markdown]
# One question a day. Outcomes of hits that were not known yet at that step are left out by the library, and the view
# of a step does not change when more is stored later.

# %%
steps = pd.date_range("2015-02-10", "2015-03-20", freq="1D", tz="UTC")
rows = []
for step in steps:
    view = db.at(step)
    answer = view.similar("NOVAUSDT:1h", k=20, outcome=["24h"])
    assert answer.query["end"] <= step.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert all(hit["end"] <= answer.query["end"] for hit in answer.hits), "an answer looked ahead"
    outcome = answer.to_pandas("outcomes").iloc[0]
    now = bars["close"].asof(step - pd.Timedelta(hours=1))
    later = bars["close"].asof(step + pd.Timedelta(hours=23))
    rows.append((step, outcome["hits_mean"], outcome["base_mean"], later / now - 1))
replay = pd.DataFrame(rows, columns=["step", "analogs", "base rate", "came"]).set_index("step")
replay.head()

# %% [markdown]
# Did the analogs know more than the base rate? On a handful of days nothing can be said, and this is printed to be
# read with that in mind.

# %%
told = replay.dropna()
print(f"{len(told)} of {len(replay)} steps had analogs whose outcome was known")
print(f"correlation of the analogs' mean with what came: {told['analogs'].corr(told['came']):+.2f}")
assert len(replay) == len(steps)

# %%
db.close()
