"""Bills as data frames of pandas and Polars, by month. Run it: OVH_TRANSPORT=sandbox python tables.py"""

import pandas as pd
import polars as pl

import ovhcore as ovh

with ovh.Client() as client:
    bills = list(client.iterate("/me/bill"))

frame = pd.json_normalize(bills)  # priceWithTax.value and the like are columns
frame["date"] = pd.to_datetime(frame["date"], utc=True)
print(frame.groupby(frame["date"].dt.strftime("%Y-%m"))["priceWithTax.value"].sum())

table = pl.DataFrame(bills, infer_schema_length=None).select(
    pl.col("date").str.to_datetime(time_zone="UTC"), pl.col("priceWithTax").struct.field("value")
)
print(table.group_by(pl.col("date").dt.strftime("%Y-%m").alias("month")).agg(pl.col("value").sum()).sort("month"))
