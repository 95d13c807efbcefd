"""Build, train, measure and serve the gallery's models."""
