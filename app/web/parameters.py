"""How parameters are parsed: what doesn't fit is a 400, with a message for each parameter."""

from http import HTTPStatus

from webargs.flaskparser import FlaskParser


class ParameterParser(FlaskParser):
    """Webargs' parser with the status that our API uses for a bad parameter."""

    DEFAULT_VALIDATION_STATUS = HTTPStatus.BAD_REQUEST
