"""Our own small networks that see and hear events and materials, with the weights that ship."""
