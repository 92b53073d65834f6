"""Our own reference text, written in Markdown, as HTML. Never for what people type: see ``paragraphs``."""

from functools import lru_cache

from markdown_it import MarkdownIt
from markupsafe import Markup

# Raw HTML stays text; tables scroll by themselves on a narrow screen, reachable by keyboard.
_RENDERER = MarkdownIt("commonmark", {"html": False, "typographer": True}).enable(["table", "smartquotes"])
TABLE_OPENS = '<div class="app-scroll" tabindex="0" role="region" aria-label="{}"><table class="app-table">'


@lru_cache(maxsize=512)
def markdown(text: str, table_label: str = "Table") -> Markup:
    """Headings, paragraphs, lists and tables."""
    html = _RENDERER.render(text)
    opened = TABLE_OPENS.format(Markup.escape(table_label))
    html = html.replace("<table>", opened).replace("</table>", "</table></div>")
    return Markup(html.replace("<th>", '<th scope="col">'))  # noqa: S704  # the text is ours, and raw HTML in it is escaped


@lru_cache(maxsize=2048)
def inline_markdown(text: str) -> Markup:
    """One sentence with its emphasis and links, without a paragraph around it."""
    return Markup(_RENDERER.renderInline(text))  # noqa: S704  # as above
