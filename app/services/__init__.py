"""What job families call: each service is one thing, made by the composition root and passed in.

A service knows nothing of runs, items or layers. It may import ``app.errors``, never
``app.workflows``: the arrows point the other way.
"""
