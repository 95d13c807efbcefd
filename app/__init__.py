"""The web application; `create_app` wires it."""
