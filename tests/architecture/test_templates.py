"""Templates are sentences: each one compiles, holds nothing inline, and says every word through the catalogue."""

import ast
import re

import pytest
from jinja2 import nodes
from jinja2.exceptions import TemplateError

from app import create_app
from app.config import Settings
from app.domain import events
from app.web.presentation import FILTERS
from tests.infrastructure.sources import APP, TEMPLATES, modules, templates

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
WORD = re.compile(r"[\w-]+")
# What a template completes as it is drawn: `app-sev--{{ severity }}`.
BEGINNING = re.compile(r"\b(\w[\w-]*--)(?=\{)")
SPEAKS = re.compile(r"[^\W\d_]{2,}")
TAG = re.compile(r"<[^>]*>|<!--.*?-->", re.DOTALL)
SPOKEN_ATTRIBUTE = re.compile(r"\b(?:aria-label|title|alt|placeholder)=\"([^\"]*)\"")
UNTRANSLATED = {"Candour"}
DRAWS_ITS_OWN_SHAPES = "components/icons.html"
CODE = "\x00"
TRANSLATORS = {"_", "gettext", "ngettext", "pgettext", "lazy_gettext"}
BABEL = {f"flask_babel.{name}" for name in TRANSLATORS | {"lazy_ngettext", "lazy_pgettext", "npgettext"}}


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The real template environment, with its filters and loaders; nothing is served."""
    settings = Settings(instance=tmp_path_factory.mktemp("instance"), secret_key="for templates only " * 2)
    return create_app(settings).jinja_env


def html_templates():
    return [name for name in templates() if name.endswith(".html")]


def source(name):
    return (TEMPLATES / name).read_text(encoding="utf-8")


def stylesheets():
    return sorted((APP / "static" / "src").glob("*.css"))


def all_events():
    found = (value for value in vars(events).values() if isinstance(value, type))
    return [value for value in found if issubclass(value, events.Event) and value is not events.Event]


@pytest.mark.parametrize("name", templates())
def test_a_template_compiles_with_the_filters_it_uses(environment, name):
    try:
        environment.get_template(name)
    except TemplateError as error:
        pytest.fail(f"{name}: {error}")


@pytest.mark.parametrize("path", stylesheets(), ids=lambda path: path.name)
def test_a_stylesheet_dresses_only_what_a_page_wears(path):
    """`nhsuk-` is dressed for the parts of nhsuk-frontend, whose templates are not ours."""
    dressed = set(CLASS.findall(COMMENT.sub("", path.read_text(encoding="utf-8"))))
    scripts = [one.read_text(encoding="utf-8") for one in path.parent.glob("*.js")]
    worn = "".join([*map(source, templates()), *(ast.unparse(one.tree) for one in modules()), *scripts])
    words, beginnings = set(WORD.findall(worn)), tuple(BEGINNING.findall(worn))
    ours = {name for name in dressed - words if not name.startswith("nhsuk-")}
    assert sorted(name for name in ours if not name.startswith(beginnings)) == []


def test_every_stylesheet_is_linked_by_a_page():
    pages = "".join(map(source, templates()))
    # `app.css` is made of the base and of nhsuk-frontend.
    wanted = {"app.css" if path.name == "base.css" else path.name for path in stylesheets()}
    assert {name for name in wanted if name not in pages} == set()


def test_every_macro_is_called(environment):
    trees = [environment.parse(source(name)) for name in templates()]
    calls = (call for tree in trees for call in tree.find_all(nodes.Call))
    called = {getattr(call.node, "name", getattr(call.node, "attr", "")) for call in calls}
    imported = [name for tree in trees for one in tree.find_all(nodes.FromImport) for name in one.names]
    called |= {name[0] for name in imported if isinstance(name, tuple) and name[1] in called}
    made = {macro.name for tree in trees for macro in tree.find_all(nodes.Macro)}
    assert made - called == set()


def test_every_filter_of_ours_is_used(environment):
    trees = [environment.parse(source(name)) for name in templates()]
    assert set(FILTERS) - {node.name for tree in trees for node in tree.find_all(nodes.Filter)} == set()


@pytest.mark.parametrize("name", html_templates())
def test_a_template_holds_no_script_style_or_handler_of_its_own(name):
    text = source(name)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text, re.IGNORECASE)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<script[^>]*>\s*[^<\s]", text, re.IGNORECASE)


@pytest.mark.parametrize("name", templates())
def test_a_template_is_finished(name):
    assert not re.search(r"\b(?:TODO|FIXME|XXX)\b|(?i:lorem|ipsum)", source(name))


@pytest.mark.parametrize("name", templates())
def test_a_template_switches_escaping_off_nowhere(environment, name):
    tree = environment.parse(source(name))
    unsafe = [node.lineno for node in tree.find_all(nodes.Filter) if node.name == "safe"]
    assert len(unsafe) == (name == DRAWS_ITS_OWN_SHAPES)
    assert not re.search(r"{%-?\s*autoescape\s+false", source(name))


@pytest.mark.parametrize("name", html_templates())
def test_every_word_goes_through_the_catalogue(environment, name):
    pieces = [value if kind == "data" else CODE for _, kind, value in environment.lex(source(name))]
    markup = re.sub(f"{CODE}+", CODE, "".join(pieces))
    spoken = [*SPOKEN_ATTRIBUTE.findall(markup), *TAG.sub(" ", markup).split(CODE)]
    words = {word for text in spoken for word in SPEAKS.findall(re.sub(r"&\w+;", " ", text))}
    assert words - UNTRANSLATED == set()


@pytest.mark.parametrize("name", templates())
def test_a_template_translates_whole_sentences_that_stand_in_it(environment, name):
    """A sentence put together at run time is in no catalogue."""
    tree = environment.parse(source(name))
    dynamic = [
        call.lineno
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in TRANSLATORS
        if not (call.args and isinstance(call.args[0], nodes.Const))
    ]
    assert dynamic == []


def test_python_translates_whole_sentences_that_stand_in_it():
    dynamic = [
        module.at(call)
        for module in modules()
        for call in module.calls()
        if module.meaning(call.func) in BABEL
        if not (call.args and isinstance(getattr(call.args[0], "value", None), str))
    ]
    assert dynamic == []


def test_nobody_below_the_edge_speaks_to_people():
    speaking = [
        module.name
        for module in modules()
        if any(name.startswith("flask_babel") for name in module.imported.values())
        if module.name != "app" and module.name.split(".")[1] not in {"web", "cli"}
    ]
    assert speaking == []


@pytest.mark.parametrize("event", all_events(), ids=lambda event: event.__name__)
def test_an_event_has_its_sentence_in_the_timeline(event):
    name = re.sub(r"[:.]", "_", event.tag)
    assert (TEMPLATES / "timeline" / f"{name}.html").is_file(), f"templates/timeline/{name}.html is missing"


def test_no_two_events_share_a_tag():
    tags = [event.tag for event in all_events()]
    assert sorted(set(tags)) == sorted(tags)


@pytest.mark.parametrize("event", all_events(), ids=lambda event: event.__name__)
def test_a_tag_says_source_subject_and_what_happened(event):
    assert re.fullmatch(r"[a-z_]+:[a-z_]+:[a-z_]+", event.tag)


def test_every_sentence_of_the_timeline_belongs_to_an_event():
    known = {re.sub(r"[:.]", "_", event.tag) for event in all_events()}
    there = {
        name.removeprefix("timeline/").removesuffix(".html")
        for name in templates()
        if name.startswith("timeline/")
    }
    assert {name for name in there - known if not name.startswith("_")} == set()
