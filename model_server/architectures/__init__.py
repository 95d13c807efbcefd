"""Models of the catalogue whose weights are fetched: each module turns a published file into endpoints.

`endpoints(card, weights)` builds the architecture of the card's dimensions and fills it from the file; without a
file the weights stay untrained, which is enough to measure speed and memory.
"""
