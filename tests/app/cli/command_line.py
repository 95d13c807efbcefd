"""Runs commands in this process and hands their output over."""

import json
from dataclasses import dataclass
from typing import Any

from click.testing import Result

from app import create_app
from app.settings import Settings


@dataclass(frozen=True)
class CommandLine:
    """The commands with the settings of one gallery."""

    settings: Settings

    def run(self, *arguments: object, code: int = 0) -> Result:
        """Run a command that must end with this exit code, and without a traceback."""
        runner = create_app(self.settings).test_cli_runner()
        result = runner.invoke(args=["gallery", *map(str, arguments)])
        assert result.exit_code == code, f"{result.exit_code}\n{result.output}\n{result.exception!r}"
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def json(self, *arguments: object, code: int = 0) -> Any:
        """Run a command with `--json` and return the one document that it must print on stdout."""
        return json.loads(self.run(*arguments, "--json", code=code).stdout)
