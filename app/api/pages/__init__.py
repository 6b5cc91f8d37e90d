"""Pages for people: the console, its session, and the page behind an answer link."""
