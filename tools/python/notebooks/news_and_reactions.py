# %% [markdown]
# # News and reactions
#
# What did prices do after headlines like this one, and how sure can we be of it?

# %%
import tempfile

import rhymedb

folder = tempfile.TemporaryDirectory()
db = rhymedb.open(f"{folder.name}/market.rhyme")
report = db.ingest_synthetic(seed=7)
report["headlines"]

# %% [markdown]
# The last headlines that are stored. A headline counts from when it was known: one of a day from the end of that day.

# %%
db.headlines(last=5).to_pandas()[["published", "symbols", "text"]]

# %% [markdown]
# Headlines that mean the same need not have a word in common. The reaction is the return of each symbol over the next
# five bars.

# %%
answer = db.reaction("shares plunge after a scandal", horizon=5, interval="1d")
answer

# %% [markdown]
# The mean stands beside that of any five bars. The p-value says how often chance alone differs as much: near 1 nothing
# was found.

# %%
reactions = answer.to_pandas()
print(f"{len(reactions)} reactions: mean {reactions['change'].mean():+.2%}")
print(f"any {answer.base['n']} windows: mean {answer.base['mean']:+.2%}; p-value {answer.p_value:.2f}")
assert (reactions["end"] > reactions["known"]).all(), "a reaction began before its headline was known"

# %% [markdown]
# The other way round: what was written when a chart looked like this?

# %%
event = [event for event in report["events"] if event["kind"] == "ceo-scandal"][-1]
db.context(f"{event['series'][0]}@{event['end']}").to_pandas()[["published", "score", "text"]].head()

# %%
db.close()
