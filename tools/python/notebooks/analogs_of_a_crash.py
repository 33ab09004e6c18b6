# %% [markdown]
# # Analogs of a crash
#
# A crash is under way. Which moments of the past looked like it, and what came after them? Nothing that was not
# known at that moment may reach the answer.

# %%
import tempfile

import rhymedb

folder = tempfile.TemporaryDirectory()
db = rhymedb.open(f"{folder.name}/market.rhyme")
report = db.ingest_synthetic(seed=3)
crashes = [event for event in report["events"] if event["kind"] == "crash"]
crash = crashes[-1]
crash

# %% [markdown]
# The view of that moment knows nothing that came later. With `outcome` the hits are entries: moments that somebody
# could have known as such when they closed, so what followed them is not chosen by hindsight.

# %%
target = f"{crash['series'][0]}@{crash['end']}"
answer = db.at(crash["end"]).similar(target, k=8, outcome=["24h"])
answer

# %% [markdown]
# What came next, beside what happens anyway. The p-value says how likely so large a difference is
# where these moments are like all others.

# %%
outcomes = answer.to_pandas("outcomes")
outcomes[["horizon", "hits_n", "hits_mean", "base_n", "base_mean", "p_value", "no_p_value"]]

# %% [markdown]
# This market was made, so we know which hits are crashes as well: two were planted before this one.

# %%
planted = {(series, event["time"], event["end"]) for event in crashes for series in event["series"]}


def is_a_crash(hit):
    name = f"{hit['market']}/{hit['venue']}/{hit['symbol']}:{hit['interval']}"
    return any(name == series and hit["start"] < end and start < hit["end"] for series, start, end in planted)


hits = [is_a_crash(hit) for hit in answer.hits]
print(f"{sum(hits)} of {len(hits)} hits overlap a planted crash")
assert all(hit["end"] <= crash["end"] for hit in answer.hits), "an answer looked ahead"
# Two of eight is what this seed gives; others give none or more. It is no evidence of how well
# crashes are found: docs/encoders.md has that.
assert sum(hits) == 2, "the answer changed"

# %%
db.close()
