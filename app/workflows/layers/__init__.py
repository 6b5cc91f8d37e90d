"""The three layers: process, paginate, execute."""
