"""The report: one self-contained page that says what was trained on what, and whether it is any good."""

from latente.report.comparison import write_comparison
from latente.report.page import report_with_verdict, write_report

__all__ = ["report_with_verdict", "write_comparison", "write_report"]
