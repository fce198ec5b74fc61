"""Reports: what became of the notices, who answered, who paid, told in figures and in a sentence.

``count(database, city, clock)`` keeps the figures by day (housekeeping calls it); ``REPORTS`` names the reports and
``make`` reads one for a span of days and, if asked, one policy. A report is data: a finding, a table, a chart.
"""
