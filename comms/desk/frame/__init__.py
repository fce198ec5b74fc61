"""What every page shares: its frame and navigation, words and formats, security headers, error pages, style sheets and
scripts, tables for a spreadsheet, charts and pictures.
"""
