"""The service from outside: alert rules, a dashboard, and a Prometheus to try them with."""
