"""How fast is the way from a pose store to training batches, and how much memory does it take?"""
