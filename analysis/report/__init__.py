"""The HTML page of a run: the stimuli that it shows, its content, and its rendering."""
