"""Talks to a model server: the contract, the gRPC client, its fakes, and the local server as a child process."""
