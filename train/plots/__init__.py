"""Figures of an evaluation and of several beside each other: PNG files made for reading."""

from train.plots.classes import plot_class_lines, plot_distribution
from train.plots.confusion import plot_confusion, plot_confusions
from train.plots.coverage import plot_coverage, plot_risks
from train.plots.curves import plot_curves
from train.plots.reliability import plot_reliability
from train.plots.result import Result
from train.plots.robustness import plot_robustness
from train.plots.roc import plot_roc

__all__ = [
    "Result",
    "plot_class_lines",
    "plot_confusion",
    "plot_confusions",
    "plot_coverage",
    "plot_curves",
    "plot_distribution",
    "plot_reliability",
    "plot_risks",
    "plot_robustness",
    "plot_roc",
]
