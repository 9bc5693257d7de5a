"""Life histories of whole fleets as the parties would report them, frauds among them."""
