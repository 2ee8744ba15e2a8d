"""How the loops of the embedded data set are compiled."""

import numba

compiled = numba.njit(cache=True, nogil=True, error_model="numpy")
"""Compile on first use and keep the result on disk.

Without `fastmath`, whose reordered and fused sums differ from processor to processor: pictures shall not depend on
where they are drawn. (The last bits of sines and powers may still.)
"""
