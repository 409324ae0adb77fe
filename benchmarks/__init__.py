"""What things cost, as ratios against a peer that was measured in the same run."""
