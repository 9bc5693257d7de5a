"""Take-back: a directory of lawful sites, orders to the nearest of them, hand-overs with kg."""
