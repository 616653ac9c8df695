"""From a request to clips: what people call, in Python and through the command line."""
