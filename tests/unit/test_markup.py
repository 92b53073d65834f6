"""The strict client is only as good as what it notices."""

import pytest
from html5lib.html5parser import ParseError

from tests.infrastructure.markup import Page

GOOD = """<!DOCTYPE html><html lang="en"><head><title>A page</title></head><body><h1>A page</h1>{}</body></html>"""
FORM = '<form method="post"><input type="hidden" name="csrf_token" value="t">{}</form>'


def faults(body):
    return Page.parse(GOOD.format(body)).faults()


def test_a_plain_page_has_no_fault():
    assert faults("<p>Text</p>") == []


def test_a_full_form_has_no_fault():
    body = '<label for="when">When</label><input id="when" name="when"><button type="submit">Send</button>'
    assert faults(FORM.format(body)) == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<h1>Another</h1>", "2 h1 headings"),
        ('<p id="a"></p><p id="a"></p>', "id 'a' 2 times"),
        ('<label for="gone">Label</label>', "for points at 'gone', which is not there"),
        ('<p aria-describedby="gone"></p>', "aria-describedby points at 'gone', which is not there"),
        ('<input name="lonely">', "no label for 'lonely'"),
        ('<label for="a"> </label><textarea id="a" name="a"></textarea>', "no label for 'a'"),
        ("<script>x()</script>", "an inline script"),
        ("<style>p{}</style>", "a style element"),
        ('<p style="color:red"></p>', "inline style on p"),
        ('<p onclick="x()"></p>', "inline onclick on p"),
        ('<a href="JavaScript:x()">x</a>', "inline href on a"),
        (
            '<script src="//elsewhere.example/x.js"></script>',
            "script reaches elsewhere: //elsewhere.example/x.js",
        ),
        ('<img alt="" src="https://e.example/x.png">', "img reaches elsewhere: https://e.example/x.png"),
        ('<form method="post" action="/go"></form>', "a form without csrf_token: '/go'"),
    ],
)
def test_a_fault_is_named(body, fault):
    assert fault in faults(body)


@pytest.mark.parametrize(
    ("head", "fault"),
    [
        ("<!DOCTYPE html><html><title>T</title><h1>H</h1>", "no language"),
        ("<!DOCTYPE html><html lang=en><title> </title><h1>H</h1>", "no title"),
        ("<!DOCTYPE html><html lang=en><title>T</title><p>P</p>", "0 h1 headings"),
    ],
)
def test_a_page_needs_its_frame(head, fault):
    assert fault in Page.parse(head).faults()


@pytest.mark.parametrize(
    "html",
    ["<p>no doctype</p>", GOOD.format("<p><div></p>"), GOOD.format("<b>open"), GOOD.format("<p a=1 a=2>")],
)
def test_what_is_not_html5_is_refused(html):
    with pytest.raises(ParseError):
        Page.parse(html)


def test_a_form_is_sent_as_a_browser_would():
    body = """<input type="hidden" name="version" value="3"><input type="text" name="a" value="kept">
      <input type="checkbox" name="many" value="1" checked><input type="checkbox" name="many" value="2" checked>
      <input type="checkbox" name="many" value="3"><input type="radio" name="one" value="x">
      <select name="s"><option value="p">P</option><option value="q" selected>Q</option></select>
      <select name="t"><option>First</option></select><textarea name="free">two
lines</textarea><input type="file" name="photo"><button name="act" value="send">Send</button>
      <button name="act" value="save">Save</button>"""
    (form,) = Page.parse(GOOD.format(FORM.format(body))).forms()
    assert form.filled({}) == {
        "act": ["send"],
        "csrf_token": ["t"],
        "version": ["3"],
        "a": ["kept"],
        "many": ["1", "2"],
        "s": ["q"],
        "t": ["First"],
        "free": ["two\nlines"],
    }
    changed = form.filled({"act": ["save"], "many": [], "one": ["x"]})
    assert (changed["act"], changed["one"], "many" in changed) == (["save"], ["x"], False)
    assert form.asks_for(["photo", "act"])
    assert not form.asks_for(["elsewhere"])
