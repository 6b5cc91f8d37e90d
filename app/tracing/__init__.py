"""Traces by OpenTelemetry: spans of a run, from its start to the calls that its items make."""
