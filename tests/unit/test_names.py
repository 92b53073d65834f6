"""Names are found however they are typed, and nothing is taken for a name that is none."""

import pytest

from app.domain.names import compared, is_meant, names_in


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        (" ; , and & \n", ()),
        ("Dr Anna Example", ("anna example",)),
        (
            "Dr. Anna  EXAMPLE; prof Bo Hill, Cy Li and Di Moss & Ed Orr",
            ("anna example", "bo hill", "cy li", "di moss", "ed orr"),
        ),
        ("Anna Example (her husband)\nAnna Example", ("anna example",)),
        ("Zoë O’Neill-Sands", ("zoe oneill sands",)),
        ("Sandy Anderson", ("sandy anderson",)),
    ],
)
def test_every_name_of_a_text_is_found_once(text: str, names: tuple[str, ...]) -> None:
    assert names_in(text) == names


@pytest.mark.parametrize(
    ("typed", "name", "is_it"),
    [
        ("Dr Anna Example", "Anna Example", True),
        ("EXAMPLE", "Dr Anna Example", True),
        ("Anna", "Anna Example", False),
        ("Anna Exampel", "Anna Example", False),
        ("Example", "", False),
    ],
)
def test_one_word_stands_for_a_last_name_and_more_for_the_whole(
    typed: str, name: str, *, is_it: bool
) -> None:
    assert is_meant(names_in(typed)[0], compared(name).split()) is is_it
