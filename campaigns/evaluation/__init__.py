"""Evaluation: indicators by one table of definitions, exports, the evaluator's files, surveys and the donor pack.

The tables are read set-wise and nothing of a figure is estimated in silence. Source: the page on evaluation.
"""
