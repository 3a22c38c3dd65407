"""Every indicator counted again: plain Python over whole tables, by the words of `indicators.toml` alone.

No joins, no aggregates, and nothing of the product but its tables' names: what is wrong there cannot be wrong here in
the same way. One file a family; `raw` holds the rows, `cells` cuts, `world` says the words that all share.
"""
