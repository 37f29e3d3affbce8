"""Data of your own: folders of pictures and recordings, their annotations, and what a Python program brings."""
