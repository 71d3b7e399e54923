__version__ = '5.5.dev0'  # set by hand
