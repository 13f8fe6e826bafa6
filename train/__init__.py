"""The workshop: data sets become weight files. Runs from a checkout: `python -m train`."""
