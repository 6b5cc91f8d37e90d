"""The documentation: Markdown pages, and what makes a site of them (``make docs``)."""
