"""Prompts to embeddings. Networks never see a string and never drop a prompt themselves."""
