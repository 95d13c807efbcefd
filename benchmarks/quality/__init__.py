"""Measures how well searches find labelled photos: `make eval PHOTOS=FOLDER`, or `python -m benchmarks.quality`.

The photos go into real galleries through the real model server, and the real services answer.
"""
