"""The wire: how long a frame takes, who goes first, how full the bus is, and what log it leaves."""
