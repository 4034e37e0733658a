"""What people run by hand, day by day: `python -m ops --help`."""
