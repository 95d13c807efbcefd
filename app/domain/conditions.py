"""What a query may ask of things and photos."""

from enum import StrEnum


class Relation(StrEnum):
    """Where one thing stands to another in the picture; `app/search/relations.py` says when each holds."""

    LEFT_OF = "left-of"
    RIGHT_OF = "right-of"
    ABOVE = "above"
    BELOW = "below"
    INSIDE = "inside"


class Size(StrEnum):
    """How much of the picture a thing takes up."""

    BIG = "big"
    SMALL = "small"


class Orientation(StrEnum):
    """The shape of an upright picture."""

    PORTRAIT = "portrait"
    LANDSCAPE = "landscape"
    SQUARE = "square"


class Colour(StrEnum):
    """The colours that people tell apart by name, in the order in which they are offered."""

    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    GREEN = "green"
    TURQUOISE = "turquoise"
    BLUE = "blue"
    PURPLE = "purple"
    PINK = "pink"
    BROWN = "brown"
    BLACK = "black"
    GREY = "grey"
    WHITE = "white"
