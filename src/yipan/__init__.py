"""
Yipan (一盘): one board for commanding the response to an outbreak across a province.

The floors, from the ground up: `model` (what things are), `packs` (facts of a place or a protocol),
`analytics` (what is probably so) beside `protocol` (what shall be done), `feeds` and `store` (what came in;
what was known, and when), `operations` (the desks; `operations/day.py` is the table of contents), and the
doors `api` and `cli`. Imports go down only.
"""

__version__ = "0.1.0"
