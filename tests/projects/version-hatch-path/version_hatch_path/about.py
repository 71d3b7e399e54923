NAME = "about"
version = 'v2.0.1'
