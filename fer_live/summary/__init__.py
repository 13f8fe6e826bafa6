"""Summaries of a session: a timeline of expressions for each person, shares of time, clearest moments."""

from fer_live.summary.collect import Moment, Person, Summary
from fer_live.summary.file import SummaryFile, write_summary
from fer_live.summary.logs import read_log

__all__ = ["Moment", "Person", "Summary", "SummaryFile", "read_log", "write_summary"]
