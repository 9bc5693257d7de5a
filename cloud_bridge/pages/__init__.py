"""Pages for people, rendered here, in English and Chinese; nothing is loaded from elsewhere.

They work without script; with it, a few lines of our own refresh what is shown.
"""

from importlib.resources import files

_FOLDER = files(__package__)
STYLE = _FOLDER.joinpath("style.css").read_text("utf-8")
SCRIPT = _FOLDER.joinpath("live.js").read_text("utf-8")
INLINE = (STYLE, SCRIPT)
"""What stands inline in every page, for the policy that admits exactly these."""
