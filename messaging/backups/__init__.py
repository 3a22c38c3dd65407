"""Backups: one sealed file that holds every table, and opens into an empty database of either kind.

    file     first line, a line of JSON that is not secret (`envelope.Header`), then sealed pieces
    pieces   AES-256-GCM with a key that comes from the installation's and a salt of the file; inside, zlib of lines
    lines    {"table": name, "columns": [...]}, then an array for each row; last {"manifest": {name: [rows, SHA-256]}}

The key never travels with it. Nor do settings, the log of exchanges and the simulator's book, whose SMS never were.
"""
