"""The local model server: TensorFlow Serving's gRPC API over the catalogue folder, with its statuses and texts."""
