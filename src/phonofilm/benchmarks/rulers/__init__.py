"""The ruler for the rulers: what each metric of sync says of clips whose sync is known."""
