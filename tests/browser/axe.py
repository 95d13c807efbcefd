"""axe-core, run on a page: what it finds there that keeps people out."""

from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Page

SOURCE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js"))
GRAVE = ("serious", "critical")
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
RULES_OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}


def grave_faults(page: Page) -> list[str]:
    """Return the serious and critical violations on the page as it is now, each with the elements concerned.

    All rules are applied in light; in dark, where the same elements stand, those of colours.
    """
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(SOURCE.read_text(encoding="utf-8"))  # past the page's policy, which lets no script in
    page.emulate_media(color_scheme="light")
    faults = _violations(page, RULES)
    page.emulate_media(color_scheme="dark")
    return faults + [f"dark: {fault}" for fault in _violations(page, RULES_OF_COLOURS)]


def _violations(page: Page, rules: dict[str, Any]) -> list[str]:
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{fault['id']}: {', '.join(' '.join(map(str, node['target'])) for node in fault['nodes'][:5])}"
        for fault in found["violations"]
        if fault["impact"] in GRAVE
    ]
