"""What a person can mend."""


class UserError(Exception):
    """Bad input: one line that names the value and the fix. Commands print it and exit with code 2."""
