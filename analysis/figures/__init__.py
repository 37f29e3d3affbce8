"""Pictures of all that is measured. No figure belongs to a window or to global state."""
