"""The report as PDF/A, typeset from the same view as the HTML.

``data`` writes the view as JSON, ``letters`` keeps out what the fonts cannot show, ``render`` has typst set it,
``packed`` makes the file small.

To add a section: write ``rig/report/templates/NAME.typ`` with one function, ``#let section(report) = […]``, beginning
with ``= Title``; import it in ``report.typ`` and name it in its list of sections. ``report`` is the view, field by
field (`rig.report.view.ReportView`), so a new field of the view is there without further ado. What a field holds is a
value and never markup: write ``#report.title``, and never ``eval`` it. Helpers for tables, facts and verdicts stand in
``pieces.typ``. A figure needs an ``alt``, a table a ``table.header``: typst refuses a document that lacks them.
"""
