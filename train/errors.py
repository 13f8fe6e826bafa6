"""What a person can mend."""


class UserError(Exception):
    """Bad input: the message is one line that names the value and the fix. Commands exit with code 2."""
