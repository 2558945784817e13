"""Settings, catalogues and import mappings: what differs from centre to centre. Imports nothing of the project."""

import os

# NumPy reads this once, when it is imported, which is after this. Pages multiply small matrices, for which a second
# thread saves nothing, but waits for the next product by spinning: it takes the processor from whoever is on the phone.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
