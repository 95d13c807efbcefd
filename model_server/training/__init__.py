"""Train and measure what the models need: detection heads, label probe, word vectors."""
