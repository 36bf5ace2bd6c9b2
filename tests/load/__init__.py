"""Questions by the clock and upstreams that cost little: raw packets, for benches and soaks."""
