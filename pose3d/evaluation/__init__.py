"""Evaluation of predictions files: protocols as data, result tables, intervals, comparisons, pose classes."""

from pose3d.evaluation.protocols import PROTOCOLS, Protocol, find_protocol
from pose3d.evaluation.run import Evaluation, evaluate
from pose3d.evaluation.tables import Table

__all__ = ["PROTOCOLS", "Evaluation", "Protocol", "Table", "evaluate", "find_protocol"]
