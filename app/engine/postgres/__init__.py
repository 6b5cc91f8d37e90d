"""The engine on the Postgres that Sluice's own tables are in."""
