"""Instruments that count and measure."""
