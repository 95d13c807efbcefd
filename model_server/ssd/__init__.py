"""The detector's own part: anchors, heads on the backbone's maps, decoding and suppression."""
