"""The engine over Postgres, with PgQueuer's table behind it."""
