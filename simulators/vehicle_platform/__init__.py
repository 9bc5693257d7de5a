"""A simulated vehicle platform that passes reports on after GB/T 32960.3, 2016 and 2025."""
