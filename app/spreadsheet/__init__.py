"""What a spreadsheet is given."""
