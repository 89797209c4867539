"""Reporting: records of finished runs, the tables and the figures made from them.

How the numbers are measured (evaluation/) and how runs are trained is not here.
"""
