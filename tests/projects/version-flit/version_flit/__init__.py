"""The first line is the description.

The version stands in the file beside this one.
"""
