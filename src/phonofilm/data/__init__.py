"""Sounding films by the thousand: procedural scenes, manifests of files, latents to train on."""
