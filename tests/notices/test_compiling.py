"""Templates are read once, and a wrong one is refused with its file and line."""

import pytest

from comms.notices.compiling import Element, Statement, TemplateError, Value, compile_markdown, marked
from comms.notices.writing import TextWriter, TreeWriter


def tree(source):
    return compile_markdown(marked(source, "x.md"))


def tags(nodes):
    return [node.tag if isinstance(node, Element) else getattr(node, "source", node) for node in nodes]


def test_values_stand_where_the_author_put_them():
    (paragraph,) = tree("Dear **{{ name }}**, pay")
    assert paragraph.children == ("Dear ", Element("strong", (Value("name"),)), ", pay")


def test_a_statement_on_its_own_line_works_on_paragraphs():
    assert tags(tree("a\n\n{% if x %}\nb\n{% endif %}\n\nc")) == ["p", "if x", "p", "endif", "p"]


def test_a_statement_in_a_line_works_on_words():
    (paragraph,) = tree("a{% if x %} b{% endif %}")
    assert tags(paragraph.children) == ["a", "if x", " b", "endif"]


def test_a_loop_makes_rows_of_a_table():
    source = "| A | B |\n|:--|--:|\n{% for c in charges %}\n| {{ c.a }} | x |\n{% endfor %}\n| t | y |"
    (table,) = tree(source)
    body = table.children[1]
    assert tags(body.children) == ["for c in charges", "tr", "endfor", "tr"]
    assert body.children[1].children[1].align == "right"


def test_a_loop_makes_items_of_one_list():
    (items,) = tree("{% for c in charges %}\n- {{ c }}\n{% endfor %}")
    assert tags(items.children) == ["for c in charges", "li", "endfor"]


def test_items_that_depend_stay_in_their_list():
    (items,) = tree("- a\n{% if x %}\n- b\n{% else %}\n- c\n{% endif %}\n- d")
    assert tags(items.children) == ["li", "if x", "li", "else", "li", "endif", "li"]


def test_a_list_that_depends_as_a_whole_is_never_left_empty():
    assert tags(tree("{% if x %}\n- a\n{% endif %}")) == ["if x", "ul", "endif"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("a **{% if x %}b**{% endif %}", "x.md:1: .* has no"),
        ("{% if x %}\n\nb", "x.md:1: .*if x.* has no end"),
        ("b {% endif %}", "no beginning"),
        ("{% macro x() %}{% endmacro %}", "cannot stand here; allowed: if"),
        ("{% set a = 1 %}", "cannot stand here"),
        ("{{ a", "x.md:1"),
        ("**a:**{% if b %}c{% endif %}", "left over"),
        ("\U000f0001", "private-use"),
    ],
)
def test_what_an_author_gets_wrong_is_named(source, said):
    with pytest.raises(TemplateError, match=said):
        tree(source)


def test_raw_html_is_words():
    (paragraph,) = tree("<b>x</b>")
    assert paragraph.children == ("<b>x</b>",)


def test_plain_text_numbers_its_lists_and_names_its_links():
    nodes = tree("# Hi\n\n1. one\n2. two\n\n[Pay](https://x.example/) [{{ u }}]({{ u }}) [1](tel:1)")
    text = TextWriter().write(nodes)
    assert "Hi\n==\n" in text
    assert "1. one\n2. two\n" in text
    assert "Pay: {{ ('https://x.example/') | link }} {{ u }} 1" in text


def test_the_letters_tree_marks_the_action():
    assert '"action":true' in TreeWriter().write(tree("[Pay]({{ u }})"))


def test_braces_in_words_are_words():
    (paragraph,) = tree("a { b")
    assert paragraph.children == ("a ", Value('"{"'), " b")
    assert not any(isinstance(node, Statement) for node in paragraph.children)
