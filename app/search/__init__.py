"""Similarities between photos: plain numpy on arrays, numbered by the store's rows."""
