"""The model as text: Brian2 equation strings and the parameters of the fixed filters."""
