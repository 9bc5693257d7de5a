"""Lines of keys, whatever way TOML has to write them."""

import pytest

from packtrail.toml_lines import MOST_LINES, known_part, line_of

TEXT = '''# a comment
top = 1

many = [
  1,
  2,
]
[a.b]
"quoted key" = """
two
lines"""
dotted.name = 3
[[rows]]
x = 1
[[rows]]
inline = { deep = [ { y = 2 } ] }
'''


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("top",), 2),
        (("many", 1), 4),
        (("a",), 8),
        (("a", "b", "quoted key"), 9),
        (("a", "b", "dotted", "name"), 12),
        (("rows", 0, "x"), 14),
        (("rows", 1), 15),
        (("rows", 1, "inline", "deep", 0, "y"), 16),
        (("rows", 2), None),
        ((), None),
    ],
)
def test_a_key_is_found_at_the_line_where_its_statement_begins(key, line):
    assert line_of(TEXT, key) == line


def test_what_would_take_too_long_is_not_searched():
    assert line_of("\n" * MOST_LINES + "x = 1\n", ("x",)) is None


def test_a_place_is_spelt_without_what_the_file_does_not_have():
    content = {"rows": [{"x": 1}]}
    assert known_part(content, ("rows", 0, "some_kind", "x")) == ("rows", 0, "x")
    assert known_part(content, ("rows", 0, "x", "float")) == ("rows", 0, "x")
    assert known_part(content, ("rows", 3)) == ("rows",)
