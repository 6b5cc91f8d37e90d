"""HTTP: routes validate, call and answer; what they call lives below."""
