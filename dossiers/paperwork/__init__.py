"""The official forms: which layout is in force, what stands on it, and the PDF it becomes."""

from dossiers.paperwork.layouts import Layout, layout_for, layout_named
from dossiers.paperwork.printing import render

__all__ = ["Layout", "layout_for", "layout_named", "render"]
