"""The two files that an evaluator is given for one purpose: persons and clusters, under pseudonyms that end with it.

    purposes    who asks, who accepts, what leaves, when it ends
    keys        the keys of the pseudonyms, outside the database
    answers     what is read from the database: only what people agreed to share
    anonymity   no group of persons under five; pure
    clusters    counts by club, small ones blanked; pure
    tables      the rows of both files and of their codebook; pure
    archive     the ZIP with its notes
    edition     what left first, which is all that leaves again, but for those who no longer agree

Source: the page on evaluation, section 7.
"""
