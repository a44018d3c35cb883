"""Services that tests and benchmarks start for themselves, on loopback, and take down again."""
